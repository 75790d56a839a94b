"""What happens to a scored message."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.advice import reasons
from coolmail.core.policy import Outcome, Verdict, decide, is_client
from coolmail.core.settings import HoldRules, UnknownLanguage
from coolmail.core.tone import Level, ToneReport
from tests.core.making import NOW, calm_report, hot_report

ZONE = ZoneInfo("Europe/Copenhagen")
HOUR = timedelta(hours=1)
UNKNOWN = ToneReport(0.0, Level.CALM, "Terve, kiitos viestistä.", judged=False, notice="its language is not known")
EMPTY = ToneReport(0.0, Level.CALM, " \n", judged=False, notice="there is no text of your own")


def verdict(
    report: ToneReport, *, rules: HoldRules | None = None, clients: tuple[str, ...] = (), **more: Any
) -> Verdict:
    """Return the verdict on a mail to bo@shop.example, held from heat 0.6."""
    return decide(report, ["bo@shop.example"], clients, rules or HoldRules(), threshold=0.6, now=NOW, zone=ZONE, **more)


# -- calm and hot


def test_calm_mail_is_sent() -> None:
    """Below the threshold it goes at once."""
    assert verdict(calm_report()) == Verdict(Outcome.SEND, ("calm enough to go at once",))


def test_mail_at_the_threshold_is_held_the_minimum() -> None:
    """From the threshold on, mail waits."""
    found = verdict(hot_report(0.6))
    assert (found.outcome, found.hold_until) == (Outcome.HOLD, NOW + 24 * HOUR)


def test_held_mail_says_why() -> None:
    """In the words of the marked sentences."""
    assert verdict(hot_report()).reasons == reasons(hot_report()) != ()


def test_mail_just_below_the_threshold_is_sent() -> None:
    """The threshold is where it begins."""
    assert verdict(hot_report(0.5999)).outcome is Outcome.SEND


def test_an_earlier_deadline_stands() -> None:
    """An edited version goes on with the same hold; it does not restart."""
    assert verdict(hot_report(1.0), earlier_deadline=NOW + HOUR).hold_until == NOW + HOUR


def test_an_edited_version_that_is_calm_goes_at_once() -> None:
    """That is what the waiting was for."""
    found = verdict(calm_report(), earlier_deadline=NOW + HOUR)
    assert (found.outcome, found.hold_until) == (Outcome.SEND, None)


def test_an_override_sends_the_hottest_mail() -> None:
    """The user's own word outranks the tone."""
    assert verdict(hot_report(1.0), override=True) == Verdict(Outcome.SEND, ("you moved it to Send anyway",))


def test_an_override_sends_what_could_not_be_judged() -> None:
    """Likewise."""
    rules = HoldRules(unknown_language=UnknownLanguage.ASK)
    assert verdict(UNKNOWN, rules=rules, override=True).outcome is Outcome.SEND


@given(st.floats(0, 1), st.floats(0.01, 1), st.booleans())
def test_a_deadline_is_set_exactly_when_it_is_held(heat: float, threshold: float, override: bool) -> None:
    """`hold_until` and the outcome never contradict each other."""
    found = decide(hot_report(heat), [], (), HoldRules(), threshold=threshold, now=NOW, zone=ZONE, override=override)
    assert (found.hold_until is not None) is (found.outcome is Outcome.HOLD)
    assert (found.outcome is Outcome.HOLD) is (heat >= threshold and not override)


# -- clients


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        ((), True),
        (("bo@shop.example",), True),
        (("BO@SHOP.example",), True),
        (("shop.example",), True),
        (("@shop.example",), True),
        (("Shop.Example",), True),
        (("example",), True),
        (("other.example",), False),
        (("op.example",), False),
        (("o@shop.example",), False),
        (("ann@shop.example",), False),
        (("mail.shop.example",), False),
    ],
)
def test_who_is_a_client(clients: tuple[str, ...], expected: bool) -> None:
    """By address or by domain, whatever the case; an empty list means everyone."""
    assert is_client(["Bo@Shop.example"], clients) is expected


def test_a_subdomain_of_a_clients_domain_is_the_client() -> None:
    """And a domain that only ends alike is not."""
    assert is_client(["bo@mail.dk.shop.example"], ["shop.example"])
    assert not is_client(["bo@myshop.example"], ["shop.example"])


def test_one_client_among_the_recipients_is_enough() -> None:
    """Cc and Bcc count as well."""
    assert is_client(["friend@home.example", "bo@shop.example"], ["shop.example"])


def test_hot_mail_to_nobody_on_the_list_is_sent() -> None:
    """What friends write each other is not coolmail's business."""
    assert verdict(hot_report(1.0), clients=("other.example",)) == Verdict(
        Outcome.SEND, ("no recipient is on the list of clients",)
    )


# -- watch words


def test_a_watch_word_holds_the_calmest_mail() -> None:
    """For the minimum, with the words as the reason."""
    found = verdict(calm_report(), watched=("lawyer",))
    assert found == Verdict(Outcome.HOLD, ('holds your watch word "lawyer"',), NOW + 24 * HOUR)
    assert verdict(calm_report(), watched=("lawyer", "court")).reasons == ('holds your watch words "lawyer", "court"',)


def test_a_watch_word_in_hot_mail_comes_before_the_other_reasons() -> None:
    """The hold is as long as the heat makes it."""
    found = verdict(hot_report(), watched=("lawyer",))
    assert found.reasons == ('holds your watch word "lawyer"', *reasons(hot_report()))
    assert found.hold_until == verdict(hot_report()).hold_until


def test_a_watch_word_holds_what_could_not_be_judged() -> None:
    """It needs no model."""
    assert verdict(UNKNOWN, watched=("kiitos",)).outcome is Outcome.HOLD


def test_a_watch_word_does_not_outrank_the_user() -> None:
    """Send anyway is sent, and mail to nobody on the list of clients is none of our business."""
    assert verdict(calm_report(), watched=("lawyer",), override=True).outcome is Outcome.SEND
    assert verdict(calm_report(), watched=("lawyer",), clients=("other.example",)).outcome is Outcome.SEND


def test_an_earlier_deadline_stands_for_a_watch_word_too() -> None:
    """The hold goes on and does not restart."""
    assert verdict(calm_report(), watched=("lawyer",), earlier_deadline=NOW + HOUR).hold_until == NOW + HOUR


# -- what could not be judged


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [
        (UnknownLanguage.SEND, Outcome.SEND),
        (UnknownLanguage.HOLD, Outcome.HOLD),
        (UnknownLanguage.ASK, Outcome.REVIEW),
    ],
)
def test_an_unknown_language_is_sent_held_or_asked_about(choice: UnknownLanguage, outcome: Outcome) -> None:
    """As the user set it, with the reason in words."""
    found = verdict(UNKNOWN, rules=HoldRules(unknown_language=choice))
    assert (found.outcome, found.reasons) == (outcome, ("its language is not known",))


def test_an_unknown_language_is_held_the_minimum() -> None:
    """Without heat there is nothing to make it longer."""
    found = verdict(UNKNOWN, rules=HoldRules(unknown_language=UnknownLanguage.HOLD))
    assert found.hold_until == NOW + 24 * HOUR


@pytest.mark.parametrize("choice", UnknownLanguage)
def test_a_mail_without_own_text_is_sent(choice: UnknownLanguage) -> None:
    """A forwarded mail or a bare attachment holds nothing of the author's to judge."""
    assert verdict(EMPTY, rules=HoldRules(unknown_language=choice)).outcome is Outcome.SEND


def test_a_reason_is_given_even_without_a_notice() -> None:
    """Nobody is told nothing."""
    rules = HoldRules(unknown_language=UnknownLanguage.ASK)
    assert verdict(ToneReport(0, Level.CALM, "x", judged=False), rules=rules).reasons == (
        "its tone could not be judged",
    )


# -- letters that are not finished


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It will be done by [… the day].", "still has a blank to fill in: [… the day]"),
        ("[… what went\nwrong] and [… the day]", "still has blanks to fill in: [… what went wrong], [… the day]"),
        ("By [… the day], I say: [… the day]", "still has a blank to fill in: [… the day]"),
    ],
)
def test_a_letter_with_a_blank_goes_to_review(text: str, said: str) -> None:
    """Nobody wants their client to read what coolmail asked them to fill in."""
    assert verdict(ToneReport(0.0, Level.CALM, text)) == Verdict(Outcome.REVIEW, (said,))


def test_a_hot_letter_with_a_blank_does_not_go_at_its_deadline() -> None:
    """It goes to review, and its heat is told, too."""
    report = replace(hot_report(), own_text="Fix it yourself. By [… the day].")
    found = verdict(report)
    assert (found.outcome, found.hold_until) == (Outcome.REVIEW, None)
    assert found.reasons[1:] == reasons(report) != ()


@pytest.mark.parametrize("text", ["You wrote: the goods […] arrived late.", "[...] and [x] and […", "a […\n\n]"])
def test_an_ellipsis_is_no_blank(text: str) -> None:
    """It is how words are left out of a quotation."""
    assert verdict(ToneReport(0.0, Level.CALM, text)).outcome is Outcome.SEND


def test_a_blank_does_not_outrank_the_user() -> None:
    """What was moved to Send anyway goes, and what goes to no client is not looked at."""
    report = ToneReport(0.0, Level.CALM, "By [… the day].")
    assert verdict(report, override=True).outcome is Outcome.SEND
    assert verdict(report, clients=("other.example",)).outcome is Outcome.SEND
