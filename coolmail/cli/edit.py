"""`coolmail edit`: a waiting message in the user's editor, judged anew at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coolmail.cli import acts
from coolmail.cli.decide import YesOption, tell
from coolmail.cli.editor import EditorError, Sheet
from coolmail.cli.editor import edit as in_editor
from coolmail.cli.opening import ConfigOption, IdArgument, JsonOption, one
from coolmail.cli.output import err, left, local
from coolmail.cli.questions import ask, somebody_there
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Settings
from coolmail.daemon.zone import zone_of
from coolmail.mail.edited import renamed, sound
from coolmail.mail.message import read_draft
from coolmail.mail.rewriting import CannotEditError, Editable, open_text
from coolmail.tone import ToneError, ToneWorker

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.core.tone import ToneReport
    from coolmail.journal import Journal

SOON = timedelta(hours=1)
"""A message that goes out so soon is worth a warning before its editor opens."""


def edit(
    ids: IdArgument,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    whole: Annotated[
        bool, typer.Option("--raw", help="Edit the whole message, headers and all, as it stands.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Edit your text in a waiting message with $VISUAL or $EDITOR; it is judged anew at once.

    It waits on to its old deadline, unless you say that it goes now: you are asked, or say --yes. What still reads heated always waits. Quotes,
    signature, attachments and formatting stay as they are.
    """

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:
        entries = [await one(journal, prefix) for prefix in ids]
        async with ToneWorker.from_settings(settings) as judge:
            desk = _Desk(journal, settings, judge, whole=whole, yes=yes)
            return [await desk.edit(entry) for entry in entries]

    tell(config, as_json, work)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What editing needs besides the message."""

    journal: Journal
    settings: Settings
    judge: ToneWorker
    whole: bool
    yes: bool

    async def edit(self, entry: Entry) -> acts.Act:
        """Edit one message; whatever happens, what was written lies in the journal or in a file that is named."""
        try:
            begun_with = await acts.base(self.journal, entry)
            text = None if self.whole else open_text(begun_with)
        except acts.CannotActError as error:
            return acts.Act(entry.id, False, str(error))
        except CannotEditError as error:
            return acts.Act(entry.id, False, f"{entry.id} cannot be edited: {error}")
        self._warn(entry)
        try:
            sheet = self._sheet(entry, begun_with, text)
        except EditorError as error:
            return acts.Act(entry.id, False, str(error))
        done: acts.Act | None = None
        try:
            done = await self._edited(entry, sheet, begun_with, text)
        except CoolmailError as error:
            done = acts.Act(entry.id, False, f"{entry.id}: {error}")
        finally:
            if done is not None and done.done:
                sheet.discard()
            elif (kept := sheet.keep()) is not None:
                where = f"What you wrote is kept in {kept}"
                if done is None:
                    err.print(where, markup=False, soft_wrap=True)
                else:
                    done = replace(done, said=f"{done.said}. {where}", more={**done.more, "kept": str(kept)})
        return done

    def _warn(self, entry: Entry) -> None:
        now = datetime.now(UTC)
        if entry.hold_until is not None and now < entry.hold_until < now + SOON:
            when = left(entry.hold_until, now)
            err.print(
                f"[yellow]{entry.id} goes out {when}[/], edited or not: `coolmail extend {entry.id} 6h` gives you more time."
            )

    def _sheet(self, entry: Entry, begun_with: bytes, text: Editable | None) -> Sheet:
        from coolmail.config import journal_path  # noqa: PLC0415 - start-up is cheap

        folder = journal_path(self.settings).parent / "edits"
        if text is None:
            return Sheet.lay(folder, entry.id, ".eml", begun_with.replace(b"\r\n", b"\n"))
        return Sheet.lay(
            folder, entry.id, ".txt", "".join(f"{line}\n" for line in text.lines).encode("utf-8", "replace")
        )

    async def _edited(self, entry: Entry, sheet: Sheet, begun_with: bytes, text: Editable | None) -> acts.Act:
        loading = asyncio.create_task(self.judge.ready())  # the model loads while the user writes
        try:
            written = await in_editor(sheet)
        except BaseException:
            loading.cancel()
            raise
        finally:
            with suppress(ToneError, asyncio.CancelledError):
                await loading
        if not written.strip():
            said = f"the text is empty; nothing was changed. `coolmail cancel {entry.id}` lets it never be sent"
            return acts.Act(entry.id, False, f"{entry.id}: {said}")
        if written == sheet.before:
            return acts.Act(entry.id, False, f"{entry.id} stays as it is: you changed nothing")
        address = next((one.address for one in self.settings.accounts if one.name == entry.account), entry.sender)
        message_id = acts.edited_message_id(address)
        new = self._rebuilt(written, begun_with, text, address)
        await self._moved_on(entry, begun_with)
        before, after = await self._judged(entry, begun_with, new)
        read = f"was {_heat(before)}, now {_heat(after)}"
        send = after is not None and self._send(f"{entry.id}: {read}", after)
        act = await acts.edit(
            self.journal,
            entry,
            renamed(new, message_id),
            message_id,
            begun_with=begun_with,
            now=datetime.now(UTC),
            send=send,
            heat=(before.heat, after.heat) if before and after and before.judged and after.judged else None,
        )
        if not act.done:
            return act
        goes = "it is sent now" if send else self._until(entry)
        facts = {"before": _facts(before), "after": _facts(after), "sends": send}
        return acts.Act(entry.id, True, f"{entry.id} was edited: {read}; {goes}", facts)

    def _rebuilt(self, written: bytes, begun_with: bytes, text: Editable | None, address: str) -> bytes:
        if text is None:
            return sound(written, begun_with, address=address)
        try:
            words = written.decode()
        except UnicodeDecodeError:
            raise CannotEditError("the editor did not write UTF-8; nothing was changed") from None
        if "\0" in words:
            raise CannotEditError("what the editor wrote is no text (it holds NUL bytes); nothing was changed")
        lines = words.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
        return text.rewritten([line.rstrip() for line in lines])

    async def _moved_on(self, entry: Entry, begun_with: bytes) -> None:
        """Raise where the message changed while it was edited: nobody is asked whether to send what was sent."""
        if await acts.base(self.journal, entry) != begun_with:
            raise acts.CannotActError("it was edited otherwise meanwhile; nothing was changed")

    async def _judged(self, entry: Entry, begun_with: bytes, new: bytes) -> tuple[ToneReport | None, ToneReport | None]:
        """Return how it read and how it reads now; what cannot be judged here is judged by the daemon before it goes."""
        try:
            before, after = await self.judge.judge([read_draft(raw).own_text.text for raw in (begun_with, new)])
        except ToneError as error:
            err.print(f"It could not be judged here: {error}", markup=False, soft_wrap=True)
            return entry.report, None
        return before, after

    def _send(self, said: str, report: ToneReport) -> bool:
        """Whether it goes now: never what still reads heated, or could not be read."""
        if report.level.held or not report.judged:
            return False
        return self.yes or (somebody_there() and ask(f"{said}: send now?"))

    def _until(self, entry: Entry) -> str:
        if entry.hold_until is None:
            return f"it waits for your decision; `coolmail release {entry.id}` sends it"
        return f"it waits until {local(entry.hold_until, zone_of(self.settings))}; `coolmail release {entry.id}` sends it now"


def _heat(report: ToneReport | None) -> str:
    return f"{report.heat:.2f} {report.level.value}" if report is not None and report.judged else "not judged"


def _facts(report: ToneReport | None) -> dict[str, Any] | None:
    if report is None or not report.judged:
        return None
    return {"heat": round(report.heat, 4), "level": report.level.value}
