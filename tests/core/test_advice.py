"""Why a mail waits, in words, and what works better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.advice import AS_A_WHOLE, DOES, INSTEAD, MOST_REASONS, advice, reasons
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport
from tests.core.making import calm_report, hot_report

GREETING, CALM, ENDING = "Hi Bo,\n\n", "The files are on the server. ", "\n\nKind regards,\nAnna"
HOT = "You never listen."


def letter(*pieces: str | tuple[Kind, ...]) -> ToneReport:
    """Return a report on a letter put together from plain text and, for each tuple of kinds, a hot sentence."""
    text, sentences = "", []
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        sentences.append(SentenceHeat(HOT, len(text), len(text) + len(HOT), 0.9, piece))
        text += f"{HOT} "
    return ToneReport(0.9, Level.HEATED, text, tuple(sentences), "en")


BLAME, THREAT, INSULT = (Kind.BLAME,), (Kind.THREAT,), (Kind.INSULT,)


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((GREETING, CALM, BLAME, CALM, ENDING), ("blames the client once",)),
        ((GREETING, CALM, BLAME, BLAME, CALM, ENDING), ("blames the client twice",)),
        ((GREETING, CALM, *[BLAME] * 3, CALM), ("blames the client three times",)),
        ((GREETING, CALM, *[BLAME] * 14, CALM), ("blames the client 14 times",)),
        ((GREETING, CALM, THREAT, ENDING), ("reads as a threat in the last line",)),
        ((GREETING, CALM, THREAT), ("reads as a threat in the last line",)),
        ((GREETING, THREAT, CALM, ENDING), ("reads as a threat in the first line",)),
        ((THREAT, CALM), ("reads as a threat in the first line",)),
        ((THREAT,), ("reads as a threat",)),
        ((GREETING, THREAT, ENDING), ("reads as a threat",)),
        ((CALM, BLAME, CALM, BLAME, ENDING), ("blames the client twice, once in the last line",)),
        ((CALM, THREAT, "Call me."), ("reads as a threat once",)),
        ((CALM, THREAT, "\n\nVenlig hilsen\nAnna Holm\nStudio Holm"), ("reads as a threat in the last line",)),
        (
            (GREETING, CALM, BLAME, CALM, BLAME, CALM, THREAT, ENDING),
            ("blames the client twice", "reads as a threat in the last line"),
        ),
        ((CALM, THREAT, BLAME, BLAME, CALM), ("blames the client twice", "reads as a threat once")),
    ],
)
def test_how_often_and_where(pieces: tuple[str | tuple[Kind, ...], ...], said: tuple[str, ...]) -> None:
    """Counted in words, most frequent kind first; the first and the last line are named, greeting and closing apart."""
    assert reasons(letter(*pieces)) == said


def test_a_long_list_is_cut() -> None:
    """Three kinds are told, of the rest how many there are."""
    kinds = [(kind,) for kind in Kind]
    assert len(reasons(letter(CALM, *kinds, CALM))) == MOST_REASONS + 1
    assert reasons(letter(CALM, *kinds, CALM))[-1] == "and 8 more kinds of heat"
    assert reasons(letter(CALM, *kinds[:4], CALM))[-1] == "and 1 more kind of heat"


def test_heat_without_a_hot_sentence_has_a_reason_all_the_same() -> None:
    """A held mail always says why."""
    assert reasons(ToneReport(0.9, Level.HEATED, "x y", ())) == (AS_A_WHOLE,)


def test_calm_mail_has_no_reasons_and_no_advice() -> None:
    """Nothing to explain."""
    assert reasons(calm_report()) == advice(calm_report()) == ()


def test_advice_is_one_line_a_kind_in_the_order_of_the_reasons() -> None:
    """However many sentences are of that kind."""
    report = letter(CALM, INSULT, BLAME, BLAME, CALM)
    assert advice(report) == (INSTEAD[Kind.BLAME], INSTEAD[Kind.INSULT])
    assert advice(hot_report()) == (INSTEAD[Kind.BLAME], INSTEAD[Kind.ANGER])


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_and_advice_that_fit_a_line(kind: Kind) -> None:
    """No kind is shown by its bare name."""
    assert reasons(letter(CALM, (kind,), CALM)) == (f"{DOES[kind]} once",)
    assert len(DOES[kind]) <= 40
    assert 10 < len(INSTEAD[kind]) <= 80


@given(st.text(max_size=60), st.data())
def test_any_text_has_reasons(text: str, data: st.DataObject) -> None:
    """Wherever sentences stand in whatever text, a held mail gets at least one reason, all of them one line."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    kinds = tuple(data.draw(st.lists(st.sampled_from(Kind), max_size=3, unique=True)))
    report = ToneReport(0.9, Level.HEATED, text, (SentenceHeat(text[start:end], start, end, 0.9, kinds),))
    assert reasons(report)
    assert all(reason.isprintable() for reason in reasons(report))
