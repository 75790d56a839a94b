"""Look at the corpus as a whole and write docs/tone/corpus.md: `python models/corpus/audit.py`.

Three questions: what is in it; are there near-duplicates (mails by the cosine of their vectors, the mean of the token states of the encoder that
training starts from; sentences by their words); and does anything but tone give the label away? For the last, classifiers that see only the length,
only function words and punctuation, or only greeting and sign-off are trained on most writers and tried on the others; ROC-AUC near 0.5 is good.
Reads whole files only: a line that is no mail stops it. Needs the dependency group `evaluate` and `build/tone/base`
(`python models/recipe/base.py`); vectors are kept in `build/tone/vectors.npz`, so an audit that was cut off goes on.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.progress import Progress
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

from coolmail.core.tone import Kind
from coolmail.tone.evaluation.embedding import Encoder
from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.evaluation.mails import Labelled, measured, written
from coolmail.tone.evaluation.measures import Estimate, auc, estimate, resamples
from coolmail.tone.sentences import split

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDS, ROUNDS, SEED = 6, 1000, 7
NEAR = 0.955
"""Cosine from which two mails are near-duplicates: just below the lowest between a mail and a copy of it (`copy_of`)."""
COPIES = 60
LISTED = 12
FEWEST_WORDS = 7  # a shorter sentence ("Let me know if you have any questions.") may well stand in many mails

FUNCTION_WORDS = """
a an the this that these those some any no every each all both either neither another other such same own
i me my mine myself we us our ours ourselves you your yours yourself he him his she her hers it its they them their theirs one
who whom whose which what
of in to for with on at by from up about into over after under between through during before since until without within against per as than like
and or but nor so yet if because while although though unless whether when where why how then
be am is are was were been being have has had having do does did done doing will would shall should can could may might must
not n't never only just even still already again too also very here there now once
""".split()  # noqa: SIM905 - a list of words reads better as words
SECOND_PERSON = frozenset(["you", "your", "yours", "yourself"])
TOKEN = re.compile(r"n't|[^\W\d_]+|[^\w\s]")
PUNCTUATION = re.compile(r"[^\w\s]")


def function_words(text: str, without: frozenset[str] = frozenset()) -> list[str]:
    """Return the function words and signs of a text, in order; contractions count as their parts."""
    known = frozenset(FUNCTION_WORDS) - without
    found = TOKEN.findall(text.lower().replace("’", "'").replace("n't", " n't"))
    return [token for token in found if token in known or PUNCTUATION.fullmatch(token)]


def length(text: str) -> list[float]:
    """Return words, lines, and words a line."""
    words, lines = len(text.split()), text.count("\n") + 1
    return [words, lines, words / lines]


def edges(text: str) -> str:
    """Return greeting and sign-off: the first line and the last two, where they are short."""
    lines = [line for line in text.splitlines() if line.strip()]
    first = [line for line in lines[:1] if len(line) < 40]
    last = [line for line in lines[-2:] if len(line) < 40] if len(lines) > 1 else []
    return "\n".join([*(f"first {line}" for line in first), *(f"last {line}" for line in last)])


def leaks(mails: Sequence[Labelled]) -> list[tuple[str, Estimate]]:
    """Return how well each partial view of a mail tells held from sendable, on writers that its classifier has not seen."""
    frequent = {"sublinear_tf": True, "use_idf": False, "norm": "l2"}
    views: list[tuple[str, object]] = [
        (
            "length alone (words, lines, words a line; boosted trees)",
            make_pipeline(
                FunctionTransformer(lambda texts: np.array([length(text) for text in texts])),
                HistGradientBoostingClassifier(max_iter=60, random_state=SEED),
            ),
        ),
        (
            "function words and punctuation",
            make_pipeline(
                TfidfVectorizer(analyzer=function_words, **frequent), MaxAbsScaler(), LogisticRegression(max_iter=3000)
            ),
        ),
        (
            "the same without you, your",
            make_pipeline(
                TfidfVectorizer(analyzer=_without_you, **frequent), MaxAbsScaler(), LogisticRegression(max_iter=3000)
            ),
        ),
        (
            "punctuation alone",
            make_pipeline(
                TfidfVectorizer(analyzer=PUNCTUATION.findall, **frequent),
                MaxAbsScaler(),
                LogisticRegression(max_iter=3000),
            ),
        ),
        (
            "greeting and sign-off",
            make_pipeline(
                FunctionTransformer(_edges), CountVectorizer(binary=True, min_df=2), LogisticRegression(max_iter=3000)
            ),
        ),
    ]
    held = np.array([mail.held for mail in mails])
    texts = np.array([mail.text for mail in mails], dtype=object)
    writers = [mail.writer for mail in mails]
    weights = resamples([mail.scenario for mail in mails], ROUNDS, SEED)
    folds = GroupKFold(min(FOLDS, len(set(writers))))
    told = []
    for name, view in views:
        score = cross_val_predict(view, texts, held, groups=writers, cv=folds, method="predict_proba")[:, 1]
        told.append((name, estimate(auc(held, score), weights, len(mails))))
    return told


def _without_you(text: str) -> list[str]:
    return function_words(text, SECOND_PERSON)


def _edges(texts: Iterable[str]) -> list[str]:
    return [edges(text) for text in texts]


def nearest(mails: Sequence[Labelled], vectors: np.ndarray) -> list[tuple[float, Labelled, Labelled]]:
    """Return the closest two mails of different pairs, the closest first: each mail with its nearest, once."""
    cosine = vectors @ vectors.T
    pairs = np.array([mail.pair or mail.id for mail in mails])
    cosine[pairs[:, None] == pairs[None, :]] = -1
    closest = cosine.argmax(1)
    twos = {(min(one, other), max(one, other)) for one, other in enumerate(closest.tolist())}
    return sorted(((float(cosine[one, other]), mails[one], mails[other]) for one, other in twos), key=_by_cosine)


def copy_of(text: str, rng: random.Random) -> str:
    """Return a text as someone would write it off: another name in the greeting, other digits, one sentence left out."""
    text = re.sub(r"\d", lambda _: str(rng.randrange(10)), text)
    text = re.sub(r"\b(Dear|Hi|Hello) [A-Z]\w+", r"\1 Morgan", text)
    pieces = [text[start:end] for start, end in split(text)]
    if len(pieces) > 4:
        del pieces[rng.randrange(1, len(pieces) - 1)]
    return "\n".join(pieces)


def _by_cosine(found: tuple[float, Labelled, Labelled]) -> tuple[float, str, str]:
    return -found[0], found[1].id, found[2].id


def repeated(mails: Sequence[Labelled]) -> dict[str, list[str]]:
    """Return the sentences of some length that stand, word for word, in mails of different pairs."""
    places: dict[str, dict[str, str]] = defaultdict(dict)
    for mail in mails:
        for start, end in split(mail.text):
            words = re.findall(r"\w+", mail.text[start:end].lower())
            if len(words) >= FEWEST_WORDS:
                places[" ".join(words)].setdefault(mail.pair or mail.id, mail.id)
    return {sentence: sorted(where.values()) for sentence, where in places.items() if len(where) > 1}


def report(
    mails: Sequence[Labelled],
    others: dict[str, list[Labelled]],
    near: Sequence[tuple[float, Labelled, Labelled]],
    copies: np.ndarray,
    told: Sequence[tuple[str, Estimate]],
) -> str:
    """Return the report in Markdown."""
    sections = [
        "# The written corpus, looked at as a whole\n\nWritten by `python models/corpus/audit.py`.",
        "## What is in it\n\n" + _counts(mails, others),
        "## Second readers\n\n" + _agreement(mails, others),
        "## What could give the label away\n\n" + _leaks(told),
        "## Near-duplicates\n\n" + _duplicates(mails, near, copies),
    ]
    return "\n\n".join(sections) + "\n"


def _counts(mails: Sequence[Labelled], others: dict[str, list[Labelled]]) -> str:
    held = [mail for mail in mails if mail.held]
    words = np.array([mail.words for mail in mails])
    pairs = Counter(mail.pair for mail in mails if mail.pair)
    kinds = Counter(kind for mail in held for kind in mail.kinds)
    marks = Counter(kind for mail in mails for mark in mail.marks for kind in mark.kinds)
    grades = Counter(mail.grade for mail in mails)
    rows = [
        ("mails", f"{len(mails):,}"),
        ("to be held (grades 3 and 4)", f"{len(held):,}"),
        ("sentences", f"{sum(len(split(mail.text)) for mail in mails):,}"),
        ("marked sentences", f"{sum(len(mail.marks) for mail in mails):,}"),
        ("writers", len({mail.writer for mail in mails})),
        ("scenarios", len({mail.scenario for mail in mails})),
        ("whole pairs", sum(count > 1 for count in pairs.values())),
        ("trades", len({mail.trade for mail in mails})),
        ("words a mail, middle (tenth to ninetieth of a hundred)", "{1:.0f} ({0:.0f} to {2:.0f})".format(*np.quantile(words, [0.1, 0.5, 0.9]))),
        ("held without insult, profanity or shouting", f"{sum(not mail.rude for mail in held):,} of {len(held):,}"),
        *((f"grade {grade}", f"{grades[grade]:,}") for grade in range(5)),
        *((f"{name}, for measuring only", f"{len(chosen)} ({sum(mail.held for mail in chosen)} to be held)") for name, chosen in others.items()),
    ]  # fmt: skip
    return (
        _table(("", "count"), rows)
        + "\n\n"
        + _table(
            ("kind", "held mails with it", "marked sentences"),
            [(kind.value, kinds[kind], marks[kind]) for kind in Kind],
        )
    )


def _agreement(mails: Sequence[Labelled], others: dict[str, list[Labelled]]) -> str:
    rows = []
    for name, chosen in {"English": list(mails), **others}.items():
        read = [mail for mail in chosen if mail.second]
        first, second = [mail.grade for mail in read], [mail.second.grade for mail in read if mail.second]
        both = [(mail.held, mail.second.held) for mail in read if mail.second]
        rows.append(
            (
                name,
                f"{len(read):,} of {len(chosen):,}",
                sum(mail.grey for mail in read),
                f"{cohen_kappa_score(*zip(*both, strict=True)):.3f}" if len(set(both)) > 1 else "-",
                f"{100 * np.mean(np.array(first) == np.array(second)):.0f} %" if read else "-",
                f"{100 * np.mean(np.abs(np.array(first) - np.array(second)) <= 1):.0f} %" if read else "-",
            )
        )
    return (
        "Second readers saw the bare texts under random keys. Where hold or send differs the mail is grey: not trained on, and counted apart.\n\n"
        + _table(
            ("", "read twice", "grey", "hold or send, Cohen's kappa", "same grade", "grade within one"),
            rows,
        )
    )


def _leaks(told: Sequence[tuple[str, Estimate]]) -> str:
    rows = [(name, f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})") for name, one in told]
    return (
        f"ROC-AUC of classifiers that see only this, trained on most writers and tried on the others ({FOLDS} folds by writer; 95 % interval by "
        "scenario). 0.5 means that it tells nothing.\n\n" + _table(("what it sees", "ROC-AUC"), rows)
    )


def _duplicates(mails: Sequence[Labelled], near: Sequence[tuple[float, Labelled, Labelled]], copies: np.ndarray) -> str:
    found = [two for two in near if two[0] >= NEAR]
    cosines = np.array([cosine for cosine, _, _ in near])
    shown = found or near[:LISTED]
    same = repeated(mails)
    rows = [(f"{cosine:.3f}", _opening(one), _opening(other)) for cosine, one, other in shown]
    lines = [
        f"Each mail and its nearest of another pair: half of them are closer than {np.median(cosines):.3f} (this encoder puts all mail close "
        f"together), the closest {cosines.max():.3f}. A copy of a mail with another name, "
        f"other numbers and one sentence less is {np.median(copies):.3f} close to it (the least of {len(copies)}: {copies.min():.3f}). "
        f"{len(found)} reach {NEAR}, from which mails count as near-duplicates"
        + ("." if found else f"; the {len(shown)} closest:"),
        _table(("cosine", "one", "the other"), rows),
        f"Sentences of {FEWEST_WORDS} words or more that stand word for word in mails of different pairs: {len(same)}."
        + ("" if not same else "\n\n" + "\n".join(f"- “{text}”: {', '.join(ids)}" for text, ids in sorted(same.items()))),
    ]  # fmt: skip
    return "\n\n".join(lines)


def _opening(mail: Labelled) -> str:
    text = " ".join(mail.text.split()).replace("|", "\\|")
    return f"{mail.id} ({mail.trade}): {text[:110]}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT / "models/corpus")
    parser.add_argument("--base", type=Path, default=ROOT / "build/tone/base")
    parser.add_argument("--kept", type=Path, default=ROOT / "build/tone/vectors.npz")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/tone/corpus.md")
    asked = parser.parse_args(arguments)
    try:
        mails = written(asked.corpus)
        others = {name: measured(asked.corpus, code) for name, code in (("Danish", "da"), ("German", "de"))}
        told = leaks(mails)
        with Progress() as progress:
            task = progress.add_task("vectors", total=len(mails))
            advance: Callable[[int], None] = lambda done: progress.advance(task, done)  # noqa: E731
            encoder = Encoder(asked.base, asked.kept)
            vectors = encoder.embed([mail.text for mail in mails], advance)
            rng = random.Random(SEED)
            chosen = rng.sample(range(len(mails)), min(COPIES, len(mails)))
            copied = encoder.embed([copy_of(mails[at].text, rng) for at in chosen], lambda _: None)
    except EvaluationError as error:
        print(error, file=sys.stderr)
        return 1
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(
        report(mails, others, nearest(mails, vectors), (vectors[chosen] * copied).sum(1), told), "utf-8"
    )
    print(asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
