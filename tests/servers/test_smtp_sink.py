"""The sink keeps what it accepts and fails as told: otherwise tests that rely on it would prove nothing."""

from __future__ import annotations

import asyncio

import aiosmtplib
import pytest

from coolmail.core.settings import Tls
from tests.servers.smtp_sink import Fault, SmtpSink

RAW = b"From: anna@studio.test\r\nSubject: x\r\n\r\n.dot\r\n\xe6\xf8\xe5\r\n"


async def connect(sink: SmtpSink, *, password: str | None = None) -> aiosmtplib.SMTP:
    """Connect as a client would, certificate verified."""
    server = sink.server(password=password)
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls is Tls.IMPLICIT,
        start_tls=server.tls is Tls.STARTTLS,
        cert_bundle=server.tls_ca,
        username=server.username,
        password=server.secret.password,
        timeout=5,
    )
    await client.connect()
    return client


async def send(sink: SmtpSink, *recipients: str, raw: bytes = RAW) -> object:
    """Send one message."""
    client = await connect(sink)
    try:
        return await client.sendmail(
            "anna@studio.test", recipients or ("client@shop.test",), raw, mail_options=["BODY=8BITMIME"]
        )
    finally:
        client.close()


async def test_it_keeps_envelope_and_bytes(smtp_sink_tls: SmtpSink) -> None:
    """Exact bytes, envelope, parameters, TLS and login are on the books, by implicit TLS and STARTTLS."""
    await send(smtp_sink_tls, "a@shop.test", "b@shop.test")
    (kept,) = await smtp_sink_tls.wait_for(1)
    assert (kept.sender, kept.recipients, kept.content) == ("anna@studio.test", ("a@shop.test", "b@shop.test"), RAW)
    assert "BODY=8BITMIME" in kept.mail_options
    assert (kept.tls, kept.login) == (True, "anna")


async def test_it_works_without_tls_on_loopback(smtp: SmtpSink) -> None:
    """Without TLS there is AUTH all the same."""
    await send(smtp)
    assert smtp.accepted[0].tls is False
    assert smtp.accepted[0].login == "anna"


async def test_it_offers_what_submission_needs(smtp: SmtpSink) -> None:
    """8BITMIME, SMTPUTF8, SIZE and AUTH."""
    client = await connect(smtp)
    assert {"8bitmime", "smtputf8", "size", "auth"} <= {name.lower() for name in client.esmtp_extensions}
    client.close()


async def test_a_wrong_password_is_refused(smtp_sink_tls: SmtpSink) -> None:
    """535, nothing else."""
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await connect(smtp_sink_tls, password="wrong")


async def test_recipients_are_refused_or_deferred_as_told(smtp: SmtpSink) -> None:
    """One refused, one deferred, one accepted: the message goes to that one."""
    smtp.recipients = {"no@shop.test": "550 5.1.1 unknown", "later@shop.test": "450 4.2.1 later"}
    await send(smtp, "no@shop.test", "later@shop.test", "yes@shop.test")
    assert smtp.accepted[0].recipients == ("yes@shop.test",)


@pytest.mark.parametrize(("reply", "code"), [("451 4.3.0 later", 451), ("554 5.7.1 spam", 554)])
async def test_data_is_refused_once_as_told(smtp: SmtpSink, reply: str, code: int) -> None:
    """The next message gets the reply, the one after is accepted."""
    smtp.data.append(reply)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(smtp)
    assert refused.value.code == code
    assert smtp.accepted == []
    await send(smtp)
    assert len(smtp.accepted) == 1


@pytest.mark.parametrize(("fault", "kept"), [(Fault.DROP_BEFORE_STORE, 0), (Fault.DROP_AFTER_STORE, 1)])
async def test_the_connection_is_cut_before_or_after_storing(smtp: SmtpSink, fault: Fault, kept: int) -> None:
    """The client sees the same, the books differ."""
    smtp.data.append(fault)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(smtp)
    assert len(smtp.accepted) == kept
    assert smtp.data_received == 1


async def test_a_slow_reply_comes_when_the_test_says_so(smtp: SmtpSink) -> None:
    """Stored at once, answered on demand."""
    smtp.data.append(Fault.SLOW)
    sending = asyncio.create_task(send(smtp))
    await smtp.wait_for(1)
    assert not sending.done()
    smtp.go_on.set()
    await sending


async def test_sender_and_greeting_are_refused_as_told(smtp: SmtpSink) -> None:
    """MAIL FROM and EHLO can be refused too."""
    smtp.sender_reply = "550 5.7.1 not you"
    with pytest.raises(aiosmtplib.SMTPSenderRefused):
        await send(smtp)
    smtp.greeting_reply = "421 4.3.2 closing"
    with pytest.raises(aiosmtplib.SMTPException):
        await send(smtp)
