"""Vary mails while training: noise, length, a writer's habits, one hot line in a calm mail, long mails. Never used where anything is measured.

Each variation keeps the label true: a hot sentence put into a calm mail makes it hot, a calm one from a hot mail leaves it calm (so that the seam
says nothing), two calm mails in a row are calm, no amount of calm text around it cools a hot mail, and a mail without its articles, its commas, its
greeting or its sign-off means what it meant: who writes so must not be taken for hot or cold.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from corpus import GRADE_TARGET, HEAT_TARGET, Hot, Mail

from coolmail.core.tone import Kind
from coolmail.tone.sentences import split

LOOKALIKES = str.maketrans("aeopcx", "аеорсх")
PLANTED = GRADE_TARGET[3]
ARTICLES = re.compile(r"\b(?:the|an?) (?=[a-z])")
COMMAS = re.compile(r",(?= )|(?<=[a-z])'(?=[a-z])")
CALM = 1  # up to this grade a mail may lend calm text


class Augmenter:
    """Varies mails with text from the training mails only."""

    def __init__(self, mails: Sequence[Mail], seed: int) -> None:
        self.random = random.Random(seed)
        self.calm = [mail for mail in mails if mail.grade <= CALM]
        self.calm_of: dict[str, list[Mail]] = {}
        for mail in self.calm:
            self.calm_of.setdefault(mail.writer, []).append(mail)
        self.hot = [(mail, piece) for mail in mails for piece in mail.hot if piece.heat >= HEAT_TARGET[2]]
        self.cool = [
            (mail, span)
            for mail in mails
            if mail.held
            for span in split(mail.text)
            if span[1] - span[0] > 30 and not any(piece.start < span[1] and span[0] < piece.end for piece in mail.hot)
        ]

    def __call__(self, mail: Mail) -> Mail:
        """Return a variation of a mail, or the mail itself."""
        dice = self.random.random
        if dice() < 0.05 and mail.grade <= CALM:
            mail = self._composed(mail)
        elif dice() < 0.16:
            mail = self._planted(mail)
        if dice() < 0.12 and self.calm:
            mail = self._joined(mail, self.random.choice(self.calm))
        if dice() < 0.08 and mail.hot:
            mail = self._shouted(mail)
        if dice() < 0.08:
            mail = replace(mail, text=mail.text.lower()) if len(mail.text.lower()) == len(mail.text) else mail
        if dice() < 0.1:
            mail = _without(mail, self._most(ARTICLES, mail.text))
        if dice() < 0.1:
            mail = _without(mail, self._most(COMMAS, mail.text))
        if dice() < 0.1:
            mail = _bare(mail, first=dice() < 0.6, last=dice() < 0.6)
        if dice() < 0.15:
            mail = self._noisy(mail)
        return mail

    def _most(self, pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
        """Return four of five matches, as ranges."""
        return [match.span() for match in pattern.finditer(text) if self.random.random() < 0.8]

    def _planted(self, mail: Mail) -> Mail:
        if mail.grade > CALM or not self.hot or not self.cool:
            return mail
        if self.random.random() < 0.5:
            source, piece = self.random.choice(self.hot)
            return self._inserted(mail, source.text[piece.start : piece.end], piece, PLANTED)
        source, (start, end) = self.random.choice(self.cool)
        return self._inserted(mail, source.text[start:end], None, mail.target)

    def _composed(self, mail: Mail) -> Mail:
        """Make one long calm mail of paragraphs of the same writer's calm mails, and half of them hot by one line."""
        others = [other for other in self.calm_of[mail.writer] if other is not mail]
        others = self.random.sample(others, min(self.random.randint(1, 3), len(others)))
        paragraphs = [part for each in (mail, *others) for part in _middle(each.text)]
        self.random.shuffle(paragraphs)
        long = replace(
            mail,
            text="\n\n".join(paragraphs) or mail.text,
            hot=(),
            target=min(mail.target, GRADE_TARGET[CALM]),
            pair="",
        )
        if self.random.random() < 0.5 and self.hot:
            source, piece = self.random.choice(self.hot)
            return self._inserted(long, source.text[piece.start : piece.end], piece, PLANTED)
        return long

    def _inserted(self, mail: Mail, sentence: str, piece: Hot | None, target: float) -> Mail:
        spans = split(mail.text)
        at = self.random.choice(spans)[1]
        text = f"{mail.text[:at]} {sentence}{mail.text[at:]}"
        shifted = [
            replace(hot, start=hot.start + len(sentence) + 1, end=hot.end + len(sentence) + 1)
            if hot.start >= at
            else hot
            for hot in mail.hot
        ]
        if piece:
            shifted.append(replace(piece, start=at + 1, end=at + 1 + len(sentence)))
        return replace(mail, text=text, hot=tuple(shifted), target=target, pair="")

    def _joined(self, mail: Mail, calm: Mail) -> Mail:
        if self.random.random() < 0.5:
            return replace(mail, text=f"{mail.text}\n\n{calm.text}", pair="")
        ahead = len(calm.text) + 2
        moved = tuple(replace(hot, start=hot.start + ahead, end=hot.end + ahead) for hot in mail.hot)
        return replace(mail, text=f"{calm.text}\n\n{mail.text}", hot=moved, pair="")

    def _shouted(self, mail: Mail) -> Mail:
        chosen = self.random.choice(mail.hot)
        loud = mail.text[chosen.start : chosen.end].upper()
        if len(loud) != chosen.end - chosen.start:
            return mail
        text = mail.text[: chosen.start] + loud + mail.text[chosen.end :]
        kinds = chosen.kinds | {Kind.SHOUTING}
        return replace(
            mail, text=text, hot=tuple(replace(hot, kinds=kinds) if hot is chosen else hot for hot in mail.hot)
        )

    def _noisy(self, mail: Mail) -> Mail:
        """Swap, or disguise, letters of a few words; the length and so all offsets stay."""
        chars = list(mail.text)
        for _ in range(max(1, len(chars) // 200)):
            at = self.random.randrange(len(chars))
            if at + 1 < len(chars) and chars[at].isalpha() and chars[at + 1].isalpha():
                if self.random.random() < 0.7:
                    chars[at], chars[at + 1] = chars[at + 1], chars[at]
                else:
                    chars[at] = chars[at].translate(LOOKALIKES)
        return replace(mail, text="".join(chars))


def _middle(text: str) -> list[str]:
    """Return the paragraphs of a mail, without the first and the last if there are enough."""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return parts[1:-1] if len(parts) > 2 else parts


def _bare(mail: Mail, *, first: bool, last: bool) -> Mail:
    """Leave out the first or the last lines, if they are short and nothing in them is hot: greeting and sign-off, mostly."""
    blocks = [match.span() for match in re.finditer(r"[^\n](?:.|\n(?!\s*\n))*", mail.text)]
    if len(blocks) < 3:
        return mail
    ranges = []
    if first:
        ranges.append((0, blocks[1][0]))
    if last:
        ranges.append((blocks[-2][1], len(mail.text)))
    return _without(
        mail,
        [
            (start, end)
            for start, end in ranges
            if end - start < 40 and not any(hot.start < end and start < hot.end for hot in mail.hot)
        ],
    )


def _without(mail: Mail, ranges: Sequence[tuple[int, int]]) -> Mail:
    """Cut ranges out of the text, in order and apart from one another; what is marked stays marked."""
    kept, at = [], 0
    for start, end in ranges:
        kept.append(mail.text[at:start])
        at = end
    kept.append(mail.text[at:])

    def moved(place: int) -> int:
        return place - sum(min(place, end) - start for start, end in ranges if start < place)

    hot = tuple(replace(piece, start=moved(piece.start), end=moved(piece.end)) for piece in mail.hot)
    return replace(mail, text="".join(kept), hot=hot)
