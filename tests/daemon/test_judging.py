"""What is judged, by whose measure, and what happens to mail that cannot be judged."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from coolmail.core.entry import Entry
from coolmail.core.settings import UnknownLanguage
from coolmail.core.states import State
from coolmail.core.tone import Scale
from coolmail.tone import ToneWorker
from coolmail.tone.places import default_folder
from tests.daemon.world import CALM, HEATED, World, letter, with_hold

OUTBOX, HELD = "Coolmail/Outbox", "Coolmail/Held"
FINNISH = (
    "Hei Bob,\r\n\r\nKiitos viestistäsi. Uusi logo on liitteenä, ja lähetän laskun perjantaina niin kuin sovimme. "
    "Kerro vielä, sopiiko tapaaminen ensi viikolla.\r\n\r\nTerveisin\r\nAnna\r\n"
)


async def note(world: World, entry: Entry) -> str:
    """Wait for the note about a message and return its plain part."""

    async def told() -> bool:
        found = await world.journal.get(entry.id)
        return found is not None and found.note_kind is not None

    await world.until(told)
    (raw,) = (raw for raw in (await world.messages("INBOX")).values() if b"Auto-Submitted: auto-generated" in raw)
    return raw.decode("ascii").replace("=\r\n", "")


# -- the user's own words


async def test_a_watch_word_holds_calm_mail(dovecot_world: World) -> None:
    """Whatever its tone; the note says which word. The quoted client may use it."""
    world = dovecot_world
    world.settings = replace(world.settings, watch_words=("small claims court", "invoice"))
    await world.start()
    await world.save(OUTBOX, letter(CALM), "\\Draft")
    entry = await world.reaches(State.HELD)
    assert entry.reasons == ('holds your watch word "invoice"',)
    assert 'holds your watch word "invoice"' in await note(world, entry)
    quoting = "Hi Bob,\r\n\r\nIt follows on Friday.\r\n\r\nBob wrote:\r\n> Where is the invoice?\r\n"
    await world.save(OUTBOX, letter(quoting, subject="Re: Payment"), "\\Draft")
    await world.reaches(State.FILED, "Payment")


# -- the user's own measure


async def test_answers_of_the_user_move_the_threshold(dovecot_world: World) -> None:
    """Mail like five that were called false alarms goes out; the sixth of four is still held."""
    world = dovecot_world
    (report,) = await world.judge.judge([HEATED])
    world.judge.levels = Scale(warm=0.1, heated=report.heat - 0.05, boiling=1.0)
    await world.start()

    async def false_alarm(number: int) -> None:
        await world.journal.give_feedback(
            message=None, account="work", answer="wrong", heat=report.heat, level="heated", text_hash=str(number),
            now=world.now(),
        )  # fmt: skip

    for number in range(4):
        await false_alarm(number)
    await world.save(OUTBOX, letter(HEATED, subject="Re: The first"), "\\Draft")
    await world.reaches(State.HELD, "first")
    await false_alarm(4)
    await world.save(OUTBOX, letter(HEATED, subject="Re: The second"), "\\Draft")
    entry = await world.reaches(State.FILED, "second")
    assert entry.report is not None
    assert not entry.report.level.held
    assert len(world.sink.accepted) == 1


# -- what cannot be judged


@pytest.mark.parametrize(
    ("choice", "state"),
    [
        (UnknownLanguage.SEND, State.FILED),
        (UnknownLanguage.HOLD, State.HELD),
        (UnknownLanguage.ASK, State.REVIEW),
    ],
)
async def test_a_language_that_the_model_does_not_know(
    dovecot_world: World, choice: UnknownLanguage, state: State
) -> None:
    """Sent, held or asked about, as the user set it; that it went unjudged is said in the log and in the note."""
    world = dovecot_world
    with_hold(world, unknown_language=choice)
    await world.start()
    await world.save(OUTBOX, letter(FINNISH), "\\Draft")
    entry = await world.reaches(state)
    assert entry.report is not None
    assert (entry.report.judged, entry.report.language) == (False, "fi")
    said = "a language that the tone model does not know (fi), so its tone was not judged"
    assert any(said in event.what for event in await world.journal.events(entry.id))
    if choice is not UnknownLanguage.SEND:
        assert said in await note(world, entry)
    assert len(world.sink.accepted) == (choice is UnknownLanguage.SEND)


@pytest.mark.parametrize(
    "body",
    ["Bob wrote:\r\n> You are a disgrace and a liar!\r\n", "-- \r\nAnna Holm, Studio\r\n"],
    ids=["only quotes", "only a signature"],
)
async def test_a_mail_without_a_word_of_ones_own_is_sent(dovecot_world: World, body: str) -> None:
    """Whatever the client wrote; that there was nothing to judge is said."""
    world = dovecot_world
    with_hold(world, unknown_language=UnknownLanguage.ASK)
    await world.start()
    await world.save(OUTBOX, letter(body), "\\Draft")
    entry = await world.reaches(State.FILED)
    assert entry.report is not None
    assert not entry.report.judged
    assert any("nothing to judge" in event.what for event in await world.journal.events(entry.id))


async def test_garbage_in_the_text_is_judged_and_not_altered(dovecot_world: World) -> None:
    """Bytes that are no text in any charset, with a hot letter among them: held, byte for byte."""
    world = dovecot_world
    raw = letter(HEATED) + bytes(byte for byte in range(1, 256) if byte not in b"\r\n") * 20 + b"\r\n"
    await world.start()
    await world.save(OUTBOX, raw, "\\Draft")
    entry = await world.reaches(State.HELD)
    assert entry.report is not None
    assert entry.report.level.held
    assert await world.journal.raw(entry.id) == raw


@pytest.mark.parametrize("damage", ["missing", "damaged"])
async def test_without_a_whole_model_nothing_is_sent(dovecot_world: World, tmp_path: Path, damage: str) -> None:
    """Nothing is even taken: mail stays where the user put it, calm or not, and the status says what is wrong with the model and where."""
    world = dovecot_world
    folder = tmp_path / "model"
    if damage == "damaged":
        shutil.copytree(default_folder(), folder)
        (folder / "heads.safetensors").write_bytes(b"")
    async with ToneWorker(folder) as judge:
        world.judge = judge  # type: ignore[assignment]
        await world.client.create("Coolmail/Outbox")
        await world.save(OUTBOX, letter(CALM), "\\Draft")
        await world.start()

        async def retrying() -> bool:
            return [account.state for account in await world.journal.accounts()] == ["retrying"]

        await world.until(retrying)
        (account,) = await world.journal.accounts()
        assert str(folder) in account.detail
        assert "Nothing is sent unscored" in account.detail
        assert len(await world.messages(OUTBOX)) == 1
        assert await world.journal.recent() == []
        assert world.sink.accepted == []
        await world.stop()
