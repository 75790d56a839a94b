"""`coolmail check`: score one message, or many a line."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.text import Text

from coolmail.cli.opening import ConfigOption, JsonOption, settings_from
from coolmail.cli.output import LEVEL_STYLE, bar, errors_in_words, fail, out, print_json, to_json
from coolmail.cli.review import marked
from coolmail.config import config_path, journal_path
from coolmail.core.advice import advice
from coolmail.core.owntext import own_text
from coolmail.core.policy import Outcome, Verdict, decide
from coolmail.core.settings import Settings
from coolmail.core.tone import Level, Scale, ToneReport
from coolmail.core.wordlists import watched
from coolmail.daemon.zone import zone_of
from coolmail.mail.message import read_draft
from coolmail.tone import ToneWorker

BATCH = 16
"""Lines of --jsonl that are judged together."""

LARGEST = 64_000_000
"""Bytes; what is larger than any mail is some other file."""

FIELD = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)[ \t]*:")
MAIL_FIELDS = frozenset(
    b"from to cc bcc subject date message-id mime-version content-type received return-path reply-to in-reply-to references sender".split()
)


def looks_like_mail(raw: bytes) -> bool:
    """Whether bytes are an RFC 5322 message rather than plain text: header lines first, at least one of a kind that mail has."""
    head = re.split(rb"\r?\n[ \t]*\r?\n", raw[:100_000].lstrip(b"\r\n"), maxsplit=1)[0]
    lines = head.splitlines()
    if lines and lines[0].startswith(b"From "):
        lines = lines[1:]
    if not lines:
        return False
    names = set()
    for number, line in enumerate(lines):
        if line[:1] in (b" ", b"\t"):
            if number == 0:
                return False
            continue
        match = FIELD.match(line)
        if match is None:
            return False
        names.add(match[1].lower())
    return bool(names & MAIL_FIELDS)


def check(
    file: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="A message or a plain text; - or nothing: standard input.")
    ] = "-",
    config: ConfigOption = None,
    as_json: JsonOption = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read {id, text} a line on standard input, write a result a line.")
    ] = False,
) -> None:
    """Score the tone of a message (RFC 5322 or plain text) and say what would happen to it."""
    settings = settings_from(config) if config is not None or config_path().exists() else Settings(accounts=())
    with errors_in_words():
        if jsonl:
            # JSON is UTF-8 whatever the locale (RFC 8259 section 8.1).
            source = io.TextIOWrapper(sys.stdin.buffer, "utf-8", "replace")
            asyncio.run(_check_lines(settings, source, sys.stdout))
        else:
            asyncio.run(_check_one(settings, _read(file), as_json=as_json))


def _read(file: str) -> bytes:
    try:
        raw = sys.stdin.buffer.read(LARGEST + 1) if file == "-" else Path(file).read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    if len(raw) > LARGEST:
        fail(f"{file} is larger than {LARGEST // 1_000_000} MB; that is no mail")
    return raw


async def _check_one(settings: Settings, raw: bytes, *, as_json: bool) -> None:
    recipients: tuple[str, ...] = ()
    if looks_like_mail(raw):
        draft = read_draft(raw)
        own, recipients, encrypted = draft.own_text, draft.recipients, draft.encrypted
    else:
        own, encrypted = own_text(raw.decode("utf-8", "replace"), None), None
    async with ToneWorker.from_settings(settings) as judge:
        scale = await _scale(settings, judge)
        report = (await judge.judge([own.text]))[0].by(scale)
        verdict = _verdict(settings, report, recipients, scale.heated)
    if encrypted is not None:
        why = f"it is encrypted ({encrypted}) and cannot be judged; it would go to Review"
        report = replace(report, judged=False, notice=why)
        verdict = Verdict(Outcome.REVIEW, (why,))
    elif own.notice and report.notice is None:
        report = replace(report, notice=own.notice)
    if as_json:
        print_json(_as_json(report, verdict))
    else:
        _print(report, verdict)


async def _scale(settings: Settings, judge: ToneWorker) -> Scale:
    """Return the levels in force for this user, who may have a journal with answers in it."""
    if not settings.accounts or not (path := journal_path(settings)).exists():
        return judge.scale()
    from coolmail.daemon.judging import learned  # noqa: PLC0415 - the journal's libraries are loaded where there is one
    from coolmail.journal import Journal  # noqa: PLC0415

    async with Journal.open(path) as journal:
        return (await learned(journal, settings.hold, judge.scale())).scale


def _verdict(settings: Settings, report: ToneReport, recipients: Iterable[str], threshold: float) -> Verdict:
    recipients = list(recipients)
    return decide(
        report,
        recipients,
        settings.clients if recipients else (),
        settings.hold,
        threshold=threshold,
        now=datetime.now(UTC),
        zone=zone_of(settings),
        watched=watched(report.own_text, settings.watch_words),
    )


def _as_json(report: ToneReport, verdict: Verdict) -> dict[str, Any]:
    return {
        "heat": round(report.heat, 4),
        "level": report.level.value,
        "verdict": "send" if verdict.outcome is Outcome.SEND else "hold",
        "language": report.language,
        "own_text": report.own_text,
        "sentences": _sentences(report),
        "reasons": list(verdict.reasons),
        "advice": list(advice(report)),
        "judged": report.judged,
        "notice": report.notice,
    }


def _sentences(report: ToneReport) -> list[dict[str, Any]]:
    return [
        {
            "text": s.text,
            "start": s.start,
            "end": s.end,
            "heat": round(s.heat, 4),
            "kinds": [kind.value for kind in s.kinds],
        }
        for s in report.sentences
    ]


def _print(report: ToneReport, verdict: Verdict) -> None:
    if report.own_text.strip():
        out.print(marked(report))
        out.print()
    if report.judged:
        out.print(
            Text(
                f"heat {bar(report.heat)} {report.heat:.2f} {report.level.value}", style=LEVEL_STYLE[report.level.value]
            )
        )
    word = {
        Outcome.SEND: "[green]would be sent at once[/]",
        Outcome.HOLD: "[bold red]would be held[/]",
        Outcome.REVIEW: "[yellow]would go to Review[/]",
    }
    out.print(f"{word[verdict.outcome]}: {'; '.join(verdict.reasons)}", soft_wrap=True)
    if report.notice and report.notice not in verdict.reasons:
        out.print(report.notice, soft_wrap=True, markup=False)
    if report.level in (Level.HEATED, Level.BOILING):
        for line in advice(report):
            out.print(f"  [green]better:[/] {line}", soft_wrap=True)


async def _check_lines(settings: Settings, source: TextIO, target: TextIO) -> None:
    """Judge {"id", "text"} lines in batches; the answers keep the order."""
    async with ToneWorker.from_settings(settings) as judge:
        scale = await _scale(settings, judge)
        batch: list[tuple[Any, str]] = []
        for number, line in enumerate(source, 1):
            if line.strip():
                batch.append(_row(line, number))
            if len(batch) == BATCH:
                await _answer(settings, judge, scale, batch, target)
                batch = []
        if batch:
            await _answer(settings, judge, scale, batch, target)


def _row(line: str, number: int) -> tuple[Any, str]:
    try:
        row = json.loads(line)
        return row["id"], str(row["text"])
    except (ValueError, KeyError, TypeError):
        fail(f'line {number} of standard input is not like {{"id": ..., "text": ...}}; the lines before it were judged')


async def _answer(
    settings: Settings, judge: ToneWorker, scale: Scale, batch: list[tuple[Any, str]], target: TextIO
) -> None:
    reports = await judge.judge([own_text(text, None).text for _, text in batch])
    for (identifier, _), read in zip(batch, reports, strict=True):
        report = read.by(scale)
        verdict = _verdict(settings, report, (), scale.heated)
        answer = {"id": identifier, **_as_json(report, verdict)}
        for name in ("own_text", "reasons", "advice", "language", "notice", "judged"):
            del answer[name]
        target.write(to_json(answer) + "\n")
    target.flush()
