"""Submission against a real server: what goes over the wire, and how every way of ending is told."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coolmail.core.settings import Server
from coolmail.core.states import Stage
from coolmail.mail.submission import (
    Accepted,
    SubmissionAmbiguousError,
    SubmissionDeferredError,
    SubmissionLoginError,
    SubmissionRefusedError,
    submit,
)
from tests.servers import certificates
from tests.servers.proxy import FaultProxy
from tests.servers.smtp_sink import Fault, SmtpSink

RAW = b"From: anna@studio.test\r\nSubject: x\r\n\r\nHello.\r\n"
THREE = ["a@shop.test", "b@shop.test", "c@shop.test"]

Proxies = Callable[[int], Awaitable[FaultProxy]]


async def send(sink: SmtpSink, server: Server | None = None, **changes: Any) -> Accepted:
    """Submit one message."""
    server = server or sink.server()
    values: dict[str, Any] = {
        "sender": "anna@studio.test",
        "recipients": ["a@shop.test"],
        "data": RAW,
        "is_8bit": False,
        "needs_smtputf8": False,
    }
    return await submit(server, server.secret.password or "", **{**values, **changes})


# -- accepted


async def test_a_message_is_accepted_over_tls(smtp_sink_tls: SmtpSink) -> None:
    """By implicit TLS and by STARTTLS, certificate verified, logged in."""
    result = await send(smtp_sink_tls, recipients=THREE)
    assert result == Accepted("250 2.0.0 kept as 1", tuple(THREE))
    (kept,) = smtp_sink_tls.accepted
    assert (kept.sender, kept.recipients, kept.content) == ("anna@studio.test", tuple(THREE), RAW)
    assert (kept.tls, kept.login) == (True, "anna")


WIRE = {
    "dot lines": b"Subject: x\r\n\r\n.\r\n..\r\n.dot\r\na.\r\n",
    "a dot at the end": b"Subject: x\r\n\r\nx\r\n.\r\n",
    "8-bit": b"Subject: \xe6\r\n\r\n\xff\xfe\x80 r\xf8dgr\xf8d\r\n",
    "long lines": b"Subject: x\r\n\r\n" + b"y" * 990 + b"\r\n",
    "empty body": b"Subject: x\r\n\r\n",
    "trailing blanks": b"Subject: x\r\n\r\na \t \r\n \r\n\r\n\r\n",
    "From at a line's start": b"Subject: x\r\n\r\nFrom here on\r\n>From there\r\n",
    "10 MB": b"Subject: x\r\n\r\n" + (b".stuffed \x80 line of an attachment\r\n" * 300_000),
}


@pytest.mark.parametrize("raw", WIRE.values(), ids=WIRE)
async def test_the_content_arrives_byte_for_byte(smtp: SmtpSink, raw: bytes) -> None:
    """Dots are stuffed and unstuffed, nothing is re-encoded, nothing added."""
    await send(smtp, data=raw, is_8bit=not raw.isascii())
    assert smtp.accepted[0].content == raw


async def test_8_bit_content_is_announced(smtp: SmtpSink) -> None:
    """BODY=8BITMIME (RFC 6152) exactly where it is needed, SIZE (RFC 1870) always."""
    await send(smtp, data=WIRE["8-bit"], is_8bit=True)
    await send(smtp)
    first, second = (kept.mail_options for kept in smtp.accepted)
    assert set(first) == {"BODY=8BITMIME", f"SIZE={len(WIRE['8-bit'])}"}
    assert set(second) == {f"SIZE={len(RAW)}"}


async def test_addresses_beyond_ascii_are_announced(smtp: SmtpSink) -> None:
    """SMTPUTF8 (RFC 6531), sender and recipients in UTF-8."""
    await send(smtp, sender="åse@studio.test", recipients=["bjørn@shop.test", "用户@shop.test"], needs_smtputf8=True)
    (kept,) = smtp.accepted
    assert "SMTPUTF8" in kept.mail_options
    assert (kept.sender, kept.recipients) == ("åse@studio.test", ("bjørn@shop.test", "用户@shop.test"))


# -- recipients


async def test_one_of_three_recipients_refused(smtp: SmtpSink) -> None:
    """The rest get it; the refused one is named with the server's words."""
    smtp.recipients["b@shop.test"] = "550 5.1.1 no such user"
    result = await send(smtp, recipients=THREE)
    assert result.accepted == ("a@shop.test", "c@shop.test")
    assert result.refused == (("b@shop.test", "550 5.1.1 no such user"),)
    assert smtp.accepted[0].recipients == ("a@shop.test", "c@shop.test")


async def test_one_of_three_recipients_put_off(smtp: SmtpSink) -> None:
    """Put off is not refused: only that one is to be tried again."""
    smtp.recipients["b@shop.test"] = "450 4.2.1 later"
    result = await send(smtp, recipients=THREE)
    assert (result.accepted, result.refused) == (("a@shop.test", "c@shop.test"), ())
    assert result.deferred == (("b@shop.test", "450 4.2.1 later"),)


async def test_all_recipients_refused(smtp: SmtpSink) -> None:
    """Permanent; each is named; no content was sent."""
    smtp.recipients = {recipient: f"550 5.1.1 no {recipient[0]}" for recipient in THREE}
    with pytest.raises(SubmissionRefusedError, match=r"refused every recipient .* Nothing was sent\.") as error:
        await send(smtp, recipients=THREE)
    assert error.value.refused == tuple((recipient, f"550 5.1.1 no {recipient[0]}") for recipient in THREE)
    assert smtp.data_received == 0


async def test_all_recipients_put_off(smtp: SmtpSink) -> None:
    """Temporary."""
    smtp.recipients = dict.fromkeys(THREE, "451 4.7.1 greylisted")
    with pytest.raises(SubmissionDeferredError, match=r"put off every recipient .*greylisted"):
        await send(smtp, recipients=THREE)


async def test_some_refused_and_the_rest_put_off(smtp: SmtpSink) -> None:
    """As long as one may still get it, it is temporary."""
    smtp.recipients = {"a@shop.test": "550 no", "b@shop.test": "451 later", "c@shop.test": "550 no"}
    with pytest.raises(SubmissionDeferredError):
        await send(smtp, recipients=THREE)


# -- sender, content, size


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("550 5.7.1 not you", SubmissionRefusedError), ("451 4.3.0 not now", SubmissionDeferredError)],
)
async def test_the_sender_is_refused_or_put_off(smtp: SmtpSink, reply: str, kind: type[Exception]) -> None:
    """In the server's words."""
    smtp.sender_reply = reply
    with pytest.raises(kind, match=f"refused the sender anna@studio.test: {reply}. Nothing was sent."):
        await send(smtp)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("554 5.7.1 spam", SubmissionRefusedError), ("451 4.3.0 disk full", SubmissionDeferredError)],
)
async def test_the_content_is_refused_or_put_off(smtp: SmtpSink, reply: str, kind: type[Exception]) -> None:
    """A clear reply to the content is a clear answer: not accepted."""
    smtp.data.append(reply)
    with pytest.raises(kind, match=f"refused the content: {reply}"):
        await send(smtp)
    assert smtp.accepted == []


async def test_an_answer_to_the_content_that_is_none_is_ambiguous(smtp: SmtpSink) -> None:
    """A 2xx that is not 250 is neither acceptance nor refusal; sending again might send twice."""
    smtp.data.append("252 2.0.0 whatever that means")
    with pytest.raises(SubmissionAmbiguousError, match="may or may not have been accepted"):
        await send(smtp)


async def test_a_message_above_the_servers_limit_is_refused_before_it_is_sent(smtp: SmtpSink) -> None:
    """The announced SIZE decides; both sizes are named."""
    big = RAW + b"x" * 50_000_000
    with pytest.raises(SubmissionRefusedError, match=r"takes messages up to 50\.0 MB, this one has 50\.0 MB"):
        await send(smtp, data=big)
    assert smtp.data_received == 0


@pytest.mark.parametrize(
    ("missing", "changes", "said"),
    [
        ("8BITMIME", {"is_8bit": True}, "takes no 8-bit text"),
        ("SMTPUTF8", {"needs_smtputf8": True}, "takes no addresses with letters beyond ASCII"),
    ],
)
async def test_what_the_server_cannot_take_unaltered_is_refused(
    smtp: SmtpSink, proxy_to: Proxies, missing: str, changes: dict[str, bool], said: str
) -> None:
    """Nothing is re-encoded behind the user's back."""
    proxy = await proxy_to(smtp.port)
    proxy.rewrite = lambda data: re.sub(rf"250([- ]){missing}".encode(), rb"250\1X-NONE", data)
    with pytest.raises(SubmissionRefusedError, match=said):
        await send(smtp, smtp.server(port=proxy.port), **changes)
    assert smtp.data_received == 0


# -- login, trust


async def test_a_wrong_password_says_that_nothing_was_sent(smtp_sink_tls: SmtpSink) -> None:
    """And does not repeat the password."""
    with pytest.raises(SubmissionLoginError, match="does not accept the login of anna: 535") as error:
        await send(smtp_sink_tls, smtp_sink_tls.server(password="hunter2"))
    assert "Nothing was sent." in str(error.value)
    assert "hunter2" not in str(error.value)


async def test_a_wrong_password_is_tried_once(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """Not once for each mechanism that the server offers: providers lock accounts."""
    proxy = await proxy_to(smtp.port)
    with pytest.raises(SubmissionLoginError):
        await send(smtp, smtp.server(port=proxy.port, password="wrong"))
    assert len([command for command in proxy.commands if command.startswith(b"AUTH")]) == 1


@pytest.mark.parametrize("offer", [b"AUTH PLAIN LOGIN", b"AUTH LOGIN", b"AUTH PLAIN"])
async def test_any_mechanism_of_the_server_will_do(smtp: SmtpSink, proxy_to: Proxies, offer: bytes) -> None:
    """PLAIN or LOGIN, and passwords with letters beyond ASCII (RFC 4616: UTF-8)."""
    smtp.password = "pæssword ✓"
    proxy = await proxy_to(smtp.port)
    proxy.rewrite = lambda data: re.sub(rb"AUTH [A-Z ]+(?=\r\n)", offer, data)
    assert await send(smtp, smtp.server(port=proxy.port))


async def test_a_server_without_a_known_mechanism_is_told(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """Nothing that trying again would mend."""
    proxy = await proxy_to(smtp.port)
    proxy.rewrite = lambda data: re.sub(rb"AUTH [A-Z ]+(?=\r\n)", b"AUTH GSSAPI", data)
    with pytest.raises(SubmissionLoginError, match="Nothing was sent"):
        await send(smtp, smtp.server(port=proxy.port))


async def test_an_untrusted_certificate_is_refused(smtp_sink_tls: SmtpSink) -> None:
    """Before the password is sent; it says what to do about it."""
    with pytest.raises(SubmissionLoginError, match="certificate that cannot be trusted") as error:
        await send(smtp_sink_tls, replace(smtp_sink_tls.server(), tls_ca=None))
    assert "tls_ca" in str(error.value)
    assert smtp_sink_tls.accepted == []


async def test_a_certificate_for_another_name_is_refused(smtp_sink_tls: SmtpSink, tmp_path: Path) -> None:
    """Signed by the right authority is not enough."""
    other = certificates.issue(tmp_path, name="elsewhere.test")
    with pytest.raises(SubmissionLoginError, match="certificate that cannot be trusted"):
        await send(smtp_sink_tls, replace(smtp_sink_tls.server(), tls_ca=str(other.ca)))


@pytest.mark.parametrize("content", [None, b"no PEM"])
async def test_an_authority_that_cannot_be_read_is_named(
    smtp_sink_tls: SmtpSink, tmp_path: Path, content: bytes | None
) -> None:
    """Missing, or not what it should be."""
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_bytes(content)
    with pytest.raises(SubmissionLoginError, match=f"the CA file {ca} for localhost cannot be read"):
        await send(smtp_sink_tls, replace(smtp_sink_tls.server(), tls_ca=str(ca)))


async def test_starttls_that_is_not_offered_is_not_done_without(smtp_sink_tls: SmtpSink, proxy_to: Proxies) -> None:
    """Somebody between us and the server may have removed the offer: no password and no mail in the clear."""
    proxy = await proxy_to(smtp_sink_tls.port)
    proxy.rewrite = lambda data: data.replace(b"STARTTLS", b"X-NOTHIN")
    server = smtp_sink_tls.server(port=proxy.port)
    if smtp_sink_tls.tls == "implicit":
        assert await send(smtp_sink_tls, server)
        return
    with pytest.raises(SubmissionLoginError, match="STARTTLS"):
        await send(smtp_sink_tls, server)
    assert not any(command.startswith((b"AUTH", b"MAIL")) for command in proxy.commands)


async def test_a_session_that_is_put_off_is_temporary(smtp: SmtpSink) -> None:
    """The server is closing for a while."""
    smtp.greeting_reply = "421 4.3.2 closing"
    with pytest.raises(SubmissionDeferredError, match="Nothing was sent"):
        await send(smtp)


# -- lost connections


async def test_nobody_listening_is_temporary(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """The server is down; nothing was sent."""
    proxy = await proxy_to(smtp.port)
    port = proxy.port
    await proxy.__aexit__()
    with pytest.raises(SubmissionDeferredError, match=f"localhost:{port} cannot be reached"):
        await send(smtp, smtp.server(port=port))


async def test_a_host_that_does_not_exist_is_temporary(smtp: SmtpSink) -> None:
    """The name server may be what is down."""
    with pytest.raises(SubmissionDeferredError, match="cannot be reached"):
        await send(smtp, replace(smtp.server(), host="no-such-host.invalid"))


@pytest.mark.parametrize("command", [b"EHLO", b"AUTH", b"MAIL", b"RCPT"])
async def test_a_connection_cut_before_the_content_is_temporary(
    smtp: SmtpSink, proxy_to: Proxies, command: bytes
) -> None:
    """At whatever command: it is certain that nothing was accepted."""
    proxy = await proxy_to(smtp.port)
    proxy.cut_on_command = re.compile(command)
    with pytest.raises(SubmissionDeferredError, match="Nothing was sent"):
        await send(smtp, smtp.server(port=proxy.port))
    assert smtp.data_received == 0


async def test_a_server_that_says_nothing_is_given_up_in_time(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """The account's timeout, and temporary."""
    proxy = await proxy_to(smtp.port)
    proxy.black_hole = True
    with pytest.raises(SubmissionDeferredError):
        await send(smtp, smtp.server(port=proxy.port, timeout=0.2))


@pytest.mark.parametrize(("fault", "accepted"), [(Fault.DROP_BEFORE_STORE, 0), (Fault.DROP_AFTER_STORE, 1)])
async def test_a_connection_cut_after_the_content_is_ambiguous(smtp: SmtpSink, fault: Fault, accepted: int) -> None:
    """Whether the server kept it or not looks the same from here."""
    smtp.data.append(fault)
    with pytest.raises(SubmissionAmbiguousError, match="may or may not have been accepted") as error:
        await send(smtp)
    assert len(smtp.accepted) == accepted
    assert "Nothing was sent" not in str(error.value)


@pytest.mark.parametrize(("reply", "partial"), [(None, False), ("550 5.1.1 unknown", True), ("450 4.2.1 later", True)])
async def test_an_ambiguous_end_tells_whether_somebody_was_left_out(
    smtp: SmtpSink, reply: str | None, partial: bool
) -> None:
    """A copy in Sent does not say for whom it was accepted; what was answered to the recipients does."""
    if reply is not None:
        smtp.recipients["b@client.example"] = reply
    smtp.data.append(Fault.DROP_AFTER_STORE)
    with pytest.raises(SubmissionAmbiguousError) as error:
        await send(smtp, recipients=["a@client.example", "b@client.example"])
    assert error.value.partial is partial


async def test_a_reply_lost_on_the_way_is_ambiguous(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """Accepted there, unknown here."""
    proxy = await proxy_to(smtp.port)
    proxy.drop_reply = re.compile(rb"250 2\.0\.0 kept")
    with pytest.raises(SubmissionAmbiguousError):
        await send(smtp, smtp.server(port=proxy.port))
    assert len(smtp.accepted) == 1


async def test_a_connection_cut_in_the_middle_of_the_content_is_ambiguous(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """Once the content began, nothing is certain."""
    proxy = await proxy_to(smtp.port)
    proxy.cut_client_after = 500_000
    with pytest.raises(SubmissionAmbiguousError):
        await send(smtp, smtp.server(port=proxy.port), data=RAW + b"x\r\n" * 1_000_000)
    assert smtp.accepted == []


async def test_a_slow_reply_is_waited_for(smtp: SmtpSink) -> None:
    """Longer than a command may take: RFC 5321 gives the reply to the content ten minutes."""
    smtp.data.append(Fault.SLOW)
    stages: list[Stage] = []

    async def on_stage(stage: Stage) -> None:
        stages.append(stage)
        if stage is Stage.DATA:
            smtp.go_on.set()

    assert (await send(smtp, smtp.server(timeout=2), on_stage=on_stage)).accepted


# -- stages


async def test_stages_are_told_in_order_and_before_their_step(smtp: SmtpSink, proxy_to: Proxies) -> None:
    """What is durable before the step tells after a crash what cannot have happened yet."""
    proxy = await proxy_to(smtp.port)
    told: list[tuple[Stage, list[bytes]]] = []

    async def on_stage(stage: Stage) -> None:
        told.append((stage, [command[:4].upper() for command in proxy.commands]))

    await send(smtp, smtp.server(port=proxy.port), on_stage=on_stage)
    assert [stage for stage, _ in told] == [Stage.CONNECTED, Stage.RECIPIENTS, Stage.DATA]
    sent = dict(told)
    assert b"AUTH" in sent[Stage.CONNECTED]
    assert b"MAIL" not in sent[Stage.CONNECTED]
    assert b"RCPT" in sent[Stage.RECIPIENTS]
    assert b"DATA" not in sent[Stage.DATA]
    assert b"DATA" in proxy.commands


async def test_the_content_is_not_sent_if_its_stage_cannot_be_recorded(smtp: SmtpSink) -> None:
    """The disk is full at the last moment: the error comes out, the server has nothing."""

    async def on_stage(stage: Stage) -> None:
        if stage is Stage.DATA:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        await send(smtp, on_stage=on_stage)
    assert smtp.data_received == 0


async def test_no_stage_is_told_when_all_recipients_are_refused(smtp: SmtpSink) -> None:
    """Only what was reached is told."""
    smtp.recipients["a@shop.test"] = "550 no"
    stages: list[Stage] = []

    async def on_stage(stage: Stage) -> None:
        stages.append(stage)

    with pytest.raises(SubmissionRefusedError):
        await send(smtp, on_stage=on_stage)
    assert stages == [Stage.CONNECTED]
