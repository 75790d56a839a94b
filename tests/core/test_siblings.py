"""Versions of one mail are recognised, other mails are not."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from coolmail.core.siblings import SIBLING_LIKENESS, Letter, likeness, siblings
from coolmail.core.subject import has_token, normalised_subject, without_token

HEATED = """Hi Carl,

this is the fourth time you have changed your mind about the front page and I am sick and tired of it. We agreed on two rounds of \
changes in March, and you signed that. If you had bothered to read the brief you would know that the video was never part of it. \
The invoice for the extra hours is attached, and I expect the money by Friday or I take the page offline.

Anna"""
SOFTENED = """Hi Carl,

thanks for your mail. This is the fourth change to the front page, and we agreed on two rounds of changes in March. As far as I can \
see from the brief, the video was not part of it; have I overlooked something? The invoice for the extra hours is attached, could you \
pay it by Friday? I would like to find a way that works for both of us.

Anna"""
MUCH_SOFTENED = """Hi Carl,

I understand that the front page is not yet what you hoped for. We agreed on two rounds of changes in March and are now at four, so \
the extra hours are on the attached invoice. Could we go through the brief together before I go on?

Anna"""
CALL_PROPOSAL = """Hi Carl,

thank you for your mail. I would like to talk this through properly rather than by mail. May I call you tomorrow between ten and \
twelve? You can also reach me on +45 12 34 56 78.

Anna"""
SHORT_CALL_PROPOSAL = """Hi Carl,

thanks for your mail. This is better said than written: when may I call you?

Best regards
Anna"""
OTHER_REPLY = """Hi Carl,

the new pictures are online now, in both languages. I took the one with the red chair for the top, because it loads fastest on phones. \
The newsletter form works again as well; the provider had changed a key. Have a nice weekend!

Anna"""
OTHER_HEATED = """Hi Carl,

you promised me the texts for Monday, then for Wednesday, and today there is still nothing. I can't do my job like this. Without \
texts there is no launch, and I will not be blamed for that again.

Anna"""
LETTER = Letter(
    from_addr="anna@studio.example",
    recipients=frozenset({"carl@client.example"}),
    in_reply_to="<1@client.example>",
    subject="Re: Front page",
    own_text=HEATED,
)


def saved(text: str) -> Letter:
    """The same letter with other words."""
    return replace(LETTER, own_text=text)


@pytest.mark.parametrize("words", [0, 3, 10, 40, 70])
def test_an_autosave_is_a_sibling_of_what_it_became(words):
    """A letter saved half written belongs to the finished one."""
    assert siblings(saved(" ".join(HEATED.split()[:words])), LETTER)


@pytest.mark.parametrize("text", [SOFTENED, MUCH_SOFTENED])
def test_a_softened_rewrite_is_a_sibling(text):
    """The user made his held reply calmer: the same hold goes on."""
    assert siblings(LETTER, saved(text))
    assert likeness(HEATED, text) >= SIBLING_LIKENESS + 0.08


@pytest.mark.parametrize("text", [CALL_PROPOSAL, SHORT_CALL_PROPOSAL, OTHER_REPLY, OTHER_HEATED])
def test_another_mail_in_the_thread_is_no_sibling(text):
    """The call proposal and a different reply to the same mail stand on their own."""
    assert not siblings(LETTER, saved(text))
    assert likeness(HEATED, text) <= SIBLING_LIKENESS - 0.1


@pytest.mark.parametrize("text", [CALL_PROPOSAL, OTHER_REPLY, OTHER_HEATED])
def test_another_mail_is_no_sibling_of_a_calm_letter_either(text):
    """The same formulas of politeness do not make two mails one."""
    assert not siblings(saved(MUCH_SOFTENED), saved(text))
    assert not siblings(saved(SOFTENED), saved(text))


def test_an_added_paragraph_does_not_part_siblings():
    """A letter and the same letter with more in it are versions of one mail."""
    assert likeness(OTHER_REPLY, f"{OTHER_REPLY}\n\nPS: {HEATED}") > 0.9


@pytest.mark.parametrize(
    "other",
    [
        {"from_addr": "bo@studio.example"},
        {"recipients": frozenset({"dora@client.example"})},
        {"in_reply_to": "<2@client.example>"},
        {"in_reply_to": None},
        {"subject": "Invoice"},
    ],
)
def test_the_same_words_elsewhere_are_another_mail(other):
    """Author, recipients, thread and subject must fit, whatever the words."""
    assert not siblings(LETTER, replace(LETTER, **other))


@pytest.mark.parametrize(
    "other",
    [
        {"from_addr": "Anna@Studio.example"},
        {"recipients": frozenset({"Carl@client.example", "dora@client.example"})},
        {"recipients": frozenset()},
        {"subject": "SV: front  page //send"},
    ],
)
def test_what_a_client_changes_does_not_part_siblings(other):
    """Letter case, a recipient more or not yet filled in, a prefix or the token make no other mail."""
    assert siblings(LETTER, replace(LETTER, **other))


@pytest.mark.parametrize(
    ("a", "b", "least", "most"),
    [("", "", 1, 1), ("", "a", 0, 0), ("Yes", "yes!", 1, 1), ("Yes", "No", 0, 0), ("a b", "b a", 1, 1)],
)
def test_likeness_of_very_short_texts(a, b, least, most):
    """A few words are compared as words."""
    assert least <= likeness(a, b) <= most


def test_likeness_is_bounded_in_time():
    """A megabyte against a megabyte takes a moment."""
    began = time.process_time()
    likeness("word " * 200_000, "other words here " * 60_000)
    likeness("a" * 1_000_000, "b" * 1_000_000)
    likeness("a b " * 200, "b a " * 200)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Front page",
        "RE: AW: Front  page",
        "SV: Vs: Front page",
        "Antw: Front page",
        "Odp: Fwd: Front page",
        "WG: Re[2]: Front page",
        "Re : Front page",
        "RIF: R: Front page",
        "Réf : TR: Front page",
        "Re: [design-list] Front page",
        "[design-list] Re: Front page //send",
        "Vl: Front page //SEND",
        "RES: ENC: Front page",
        "Re (3): Front page",
    ],
)
def test_a_thread_has_one_subject(subject):
    """Prefixes of many languages, list tags and the token come off."""
    assert normalised_subject(subject) == "front page"


@pytest.mark.parametrize("subject", ["Resume: my part", "Vision", "[draft]", "I, robot", "Research: ready"])
def test_words_that_look_like_prefixes_stay(subject):
    """Only whole prefixes come off."""
    assert normalised_subject(subject) == subject.casefold()


def test_the_token_stands_alone_at_the_end():
    """An address that ends in the same letters is no wish to send."""
    assert has_token("Front page //send ")
    assert has_token("//Send")
    assert not has_token("see http://send")
    assert not has_token("//send later")
    assert without_token("Front page  //send") == "Front page"
