"""Accounts: other servers' ways of naming mailboxes, protected connections, large mail, several accounts at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from coolmail.core.settings import Account, Mailboxes, Tls
from coolmail.core.states import State
from coolmail.tone.model import ToneModel
from tests.daemon.test_holding import held
from tests.daemon.test_sending import attachment
from tests.daemon.world import ANNA, World, letter, settings_for, world_on
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink

OUTBOX = "Coolmail/Outbox"


async def test_a_server_with_another_separator_and_a_namespace(
    dotted_dovecot: Dovecot, smtp: SmtpSink, tone_model: ToneModel, tmp_path: Path
) -> None:
    """Where levels are dots and everything lies below INBOX, our mailboxes are made there, whatever letters their names have."""
    names = Mailboxes(parent="Kølig post & Co", outbox="Udbakke æøå")
    async with world_on(dotted_dovecot.user().server(), smtp, tone_model, tmp_path, names) as world:
        await world.start()
        listed = {box.name for box in await world.client.list_mailboxes()}
        assert {"INBOX.Kølig post & Co.Udbakke æøå", "INBOX.Kølig post & Co.Held"} <= listed
        subscribed = {box.name for box in await world.client.list_mailboxes() if "\\subscribed" in box.attributes}
        assert "INBOX.Kølig post & Co.Send anyway" in subscribed
        await world.save("INBOX.Kølig post & Co.Udbakke æøå", letter())
        await world.reaches(State.FILED)
        (sent,) = [box.name for box in await world.client.list_mailboxes() if "\\sent" in box.attributes]
        assert sent.startswith("INBOX.")
        assert await world.subjects(sent) == ["Re: The new logo"]


async def test_both_servers_with_tls(
    dovecot: Dovecot, smtp_sink_tls: SmtpSink, tone_model: ToneModel, tmp_path: Path
) -> None:
    """Mail goes its way over verified TLS, implicit or by STARTTLS, on both servers."""
    user = dovecot.user()
    async with world_on(user.server(smtp_sink_tls.tls), smtp_sink_tls, tone_model, tmp_path, Mailboxes()) as world:
        await world.start()
        await world.save(OUTBOX, letter())
        await world.reaches(State.FILED)
        assert smtp_sink_tls.accepted[0].tls


async def test_an_untrusted_certificate_is_refused(dovecot_world: World, dovecot: Dovecot) -> None:
    """A server whose certificate nobody vouches for gets no password; the status says why and what to do."""
    world = dovecot_world
    account = world.settings.accounts[0]
    untrusted = replace(account, imap=replace(dovecot.user().server(Tls.IMPLICIT), tls_ca=None))
    world.settings = replace(world.settings, accounts=(untrusted,))
    await world.start()
    (status,) = await world.journal.accounts()
    assert status.state == "refused"
    assert "certificate" in status.detail


async def test_an_untrusted_submission_server_gets_nothing(dovecot_world: World, smtp_sink_tls: SmtpSink) -> None:
    """If the submission server's certificate cannot be trusted, the mail waits in the queue and nothing was sent."""
    world = dovecot_world
    account = world.settings.accounts[0]
    server = replace(smtp_sink_tls.server(), tls_ca=None)
    world.settings = replace(world.settings, accounts=(replace(account, smtp=server),))
    await world.start()
    await world.save(OUTBOX, letter())

    async def waits() -> bool:
        return any(
            e.state is State.DUE and e.server_reply and "certificate" in e.server_reply
            for e in await world.journal.recent()
        )

    await world.until(waits)
    assert smtp_sink_tls.data_received == 0


async def test_a_draft_of_thirty_megabytes(dovecot_world: World) -> None:
    """A draft of 30 MB is sent like any other, byte for byte."""
    world = dovecot_world
    raw = attachment(30_000_000)
    await world.start()
    await world.save(OUTBOX, raw)
    await world.reaches(State.FILED, within=60.0)
    assert world.sink.accepted[0].content == raw


async def test_two_accounts_at_once(dovecot_world: World, dovecot: Dovecot, smtp: SmtpSink) -> None:
    """Each account works on its own mailboxes, at the same time."""
    world = dovecot_world
    other = dovecot.user()
    second = Account("second", "anna@private.example", other.server(), smtp.server(), Mailboxes())
    world.settings = replace(world.settings, accounts=(world.settings.accounts[0], second))
    await world.start()
    await world.save(OUTBOX, letter(subject="from work", in_reply_to=None))
    private = letter(subject="from home", sender="Anna <anna@private.example>", in_reply_to=None)

    async def made() -> bool:
        return {a.state for a in await world.journal.accounts()} == {"ready"}

    await world.until(made)
    other.fill(OUTBOX, [private])
    await world.reaches(State.FILED, "from work")
    await world.reaches(State.FILED, "from home")
    assert sorted(sent.sender for sent in world.sink.accepted) == ["anna@private.example", ANNA]
    assert len(other.contents("Sent")) == 1


async def test_mailboxes_at_the_top_level(
    dovecot: Dovecot, smtp: SmtpSink, tone_model: ToneModel, tmp_path: Path
) -> None:
    """With an empty parent our mailboxes lie at the top."""
    async with world_on(dovecot.user().server(), smtp, tone_model, tmp_path, Mailboxes(parent="")) as world:
        await world.start()
        await world.save("Outbox", letter())
        await world.reaches(State.FILED)


@pytest.mark.parametrize(
    "names",
    [
        Mailboxes(parent="", outbox="Inbox"),
        Mailboxes(parent="", outbox="Drafts"),
        Mailboxes(parent="", held="Sent"),
    ],
    ids=["INBOX as Outbox", "Drafts as Outbox", "Sent as Held"],
)
async def test_no_mailbox_is_two_things(
    dovecot: Dovecot, smtp: SmtpSink, tone_model: ToneModel, tmp_path: Path, names: Mailboxes
) -> None:
    """A config by which everything in INBOX, or every saved draft, would be sent is refused before anything is touched."""
    async with world_on(dovecot.user().server(), smtp, tone_model, tmp_path, names) as world:
        await world.save("INBOX", letter())
        before = {box.name for box in await world.client.list_mailboxes()}
        await world.start()
        (status,) = await world.journal.accounts()
        assert status.state == "refused"
        assert "at once; give them different names" in status.detail
        assert {box.name for box in await world.client.list_mailboxes()} == before
        assert len(await world.messages("INBOX")) == 1
        assert smtp.accepted == []


async def test_sent_is_deleted_while_the_daemon_runs(
    dovecot: Dovecot, smtp: SmtpSink, tone_model: ToneModel, tmp_path: Path
) -> None:
    """A message that cannot be filed stays in Sending, unsent or sent once; the status names what is missing, and then it goes on."""
    async with world_on(dovecot.user().server(), smtp, tone_model, tmp_path, Mailboxes(sent="Posted")) as world:
        await world.client.create("Posted")
        await held(world)
        await world.client.protocol.simple_command("DELETE", world.client.mailbox("Posted"))
        world.skip(timedelta(hours=50))

        async def refused() -> bool:
            return [account.state for account in await world.journal.accounts()] == ["refused"]

        await world.until(refused)
        (status,) = await world.journal.accounts()
        assert "the Sent mailbox was not found" in status.detail
        assert len(await world.messages("Coolmail/Sending")) == 1
        await world.stop()
        await world.client.create("Posted")
        await world.start()
        await world.reaches(State.FILED)
        assert len(world.sink.accepted) == 1
        assert len(await world.messages("Posted")) == 1


def test_settings_of_a_world_hold_for_a_day_or_two(dovecot: Dovecot, smtp: SmtpSink) -> None:
    """The worlds of these tests keep the default length of a hold."""
    settings = settings_for(dovecot.user().server(), smtp.server(), Mailboxes())
    assert settings.hold.minimum.total_seconds() == 24 * 3600
