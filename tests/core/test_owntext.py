"""Own text: what the author newly wrote, and nothing else."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.htmllines import from_html
from coolmail.core.owntext import EMPTY, LONG, NOTHING_NEW, READ_AT_MOST, own_text
from coolmail.mail.message import read_draft

DATA = Path(__file__).parents[1] / "data" / "replies"
WRITTEN = json.loads((DATA / "cases.json").read_text("utf-8"))
COLLECTED = json.loads((DATA / "expected.json").read_text("utf-8"))
LIMIT = 1.0
"""Seconds that any input may take."""


def words(text: str) -> list[str]:
    """The words of a text, whatever stands between them."""
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case["name"])
def test_own_text_in_every_client_and_language(case):
    """The quote, the signature and the disclaimer go, the author's words stay, the closing and name may."""
    found = own_text(case["plain"], case["html"], flowed=case.get("flowed", False))
    assert words(found.text) in (words(case["own"]), words(f"{case['own']}\n{case['may']}"))


@pytest.mark.parametrize("name", COLLECTED)
def test_own_text_of_collected_replies(name):
    """Real replies of many clients, as other projects collected them."""
    raw = (DATA / name).read_bytes()
    if name.endswith(".eml"):
        found = read_draft(raw).own_text
    else:
        text = raw.decode("utf-8", "replace")
        found = own_text(None, text) if name.endswith(".html") else own_text(text, None)
    expected = COLLECTED[name]
    own = expected.get("html", expected["own"])
    assert words(found.text) in (words(own), words(f"{own}\n{expected['may']}"))


def test_paragraphs_are_kept():
    """The text reads as it was written: lines and single empty lines between paragraphs."""
    assert own_text("One\nline.\n\n\n\nTwo.\n", None).text == "One\nline.\n\nTwo."
    assert own_text(None, "<p>One<br>line.</p>\n\n<p>Two.</p>").text == "One\nline.\n\nTwo."


def test_html_is_read_before_plain():
    """Quotes are marked in HTML; the plain form is read only where nothing can be seen in the other."""
    assert own_text("plain", "<p>rich</p>").text == "rich"
    assert own_text("plain", "<style>p {}</style><img src=x>").text == "plain"


def test_only_a_quote_is_nothing_new():
    """A mail without own words says so and is certain of it."""
    found = own_text("> quoted\n> more\n", None)
    assert (found.text, found.certain, found.notice) == ("", True, NOTHING_NEW)


@pytest.mark.parametrize(("plain", "html"), [(None, None), ("", None), (" \n\n", ""), (None, "<p>&nbsp;</p>")])
def test_a_mail_without_text_says_so(plain, html):
    """Nothing is nothing, in each form."""
    found = own_text(plain, html)
    assert (found.text, found.notice) == ("", EMPTY)


def test_answers_inside_an_unmarked_quote_leave_it_uncertain():
    """Nothing stands above Outlook's header block: the answers may be inside, so the whole is judged and that is said."""
    found = own_text(
        "From: Carl <carl@client.example>\nSent: Monday\nTo: Anna\nSubject: Page\n\nWhen is it ready?\nNever!\n", None
    )
    assert "Never!" in found.text
    assert not found.certain
    assert "judged" in (found.notice or "")


def test_a_forward_without_a_comment_has_no_own_text():
    """Who forwards a mail did not write it."""
    assert (
        own_text(
            "---------- Forwarded message ---------\nFrom: Carl <c@x.example>\nSubject: a\n\nYou are fools!\n", None
        ).text
        == ""
    )


def test_a_header_block_in_an_unknown_language_is_judged_and_said():
    """What looks like the head of a quote in a language not in the tables is not cut, but mentioned."""
    found = own_text(
        "Kedves Carl!\n\nFeladó: Carl <carl@client.example>\nElküldve: 2024.04.03 10:15\nCímzett: Anna\n\nRossz.\n",
        None,
    )
    assert "Rossz." in found.text
    assert not found.certain


def test_a_broken_line_of_a_quote_is_not_the_authors():
    """Clients that wrap a quoted line leave its tail without a mark."""
    quote = "> this is a long line of the quoted mail that the client has broken in\ntwo without a mark\n> and that goes on here\n"
    assert own_text(f"No.\n\n{quote}", None).text == "No."


def test_own_words_right_above_an_attribution_stay():
    """They open like one, and are none."""
    attribution = "On Mon, 1 Jan 2024 at 17:22, Carl Client <\ncarl@client.example> wrote:\n\n> Hi\n"
    assert own_text(f"On to the next round\n{attribution}", None).text == "On to the next round"


def test_a_very_long_mail_is_read_from_both_ends():
    """What is left out is said."""
    found = own_text("First words.\n" + "filler " * READ_AT_MOST + "\nLast words.", None)
    assert found.text.startswith("First words.")
    assert found.text.endswith("Last words.")
    assert (found.certain, found.notice) == (False, LONG)


def test_a_long_quote_does_not_make_it_uncertain():
    """Where an unmarked quote has begun, the unread rest is quoted."""
    block = "From: Carl <carl@client.example>\nSent: Monday\nTo: Anna\nSubject: Page\n\n"
    found = own_text("Fine.\n\n" + block + "filler " * READ_AT_MOST, None)
    assert (found.text, found.certain) == ("Fine.", True)


def test_pictures_inside_the_html_do_not_use_up_the_limit():
    """Megabytes of data: URLs are not text."""
    found = own_text(None, f'<p>Look</p><img src="data:image/png;base64,{"A" * 3_000_000}"><p>here</p>')
    assert (found.text, found.certain) == ("Look\n\nhere", True)


def test_text_below_deep_nesting_is_seen():
    """A tree parser would lose it in silence."""
    assert own_text(None, "<div>" * 3000 + "</div>" * 3000 + "still here").text == "still here"


def test_hidden_and_silent_elements_are_not_text():
    """What no reader sees is not judged."""
    html = "<title>t</title><style>s</style><script>x</script><!-- c --><div style='display: none'>h</div><p>seen</p>"
    assert own_text(None, html).text == "seen"


def test_text_after_a_hidden_element_is_seen():
    """Hiding ends with the element."""
    assert own_text(None, "<div style='display:none'><br><img>h</div>a<span>b</span>").text == "ab"


HOSTILE = [
    ">",
    "On ",
    "On\n",
    ">\n",
    "\n",
    " ",
    "From: a\n",
    "On 1 Jan 2020 ",
    "-",
    "_\n",
    "Sent from my ",
    "a@",
    "*From:",
    "wrote:\n",
    "-- \n",
]
HOSTILE += [
    "From: a@b\nSubject: c\n",
    "Best regards\n",
    "+45 12 34 56 78\n",
    "On 3/4/2024 10:15 a@b wrote\n",
    "a: 1@2 3:00\n",
    "x" * 400 + "\n",
]
HOSTILE += [
    " " * 490 + "\n",
    "From" + " " * 400 + "x\n",
    "- a" * 40 + "\n",
    "> > > > a\nb\n",
    "This e-mail is confidential ",
]
HOSTILE_HTML = [
    "<blockquote>",
    "<div>",
    "<",
    "<a ",
    "<!--",
    "<b><i>",
    "<a><p>",
    "<table><tr><td>",
    "&",
    "<a b=",
    "</",
    "<![CDATA[",
    "<script>",
]
HOSTILE_HTML += [
    "x<br>",
    "<table>x",
    "<div id=divRplyFwdMsg>From: a<br>",
    "<p>Best regards</p>",
    "<blockquote>x</blockquote>y",
    "<pre>\n",
    "data:a/",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_hostile_text_takes_no_time(piece):
    """No backtracking, nothing quadratic."""
    assert fastest(lambda: own_text(piece * (1_000_000 // len(piece)), None)) < LIMIT


@pytest.mark.parametrize("piece", HOSTILE_HTML)
def test_a_megabyte_of_hostile_html_takes_no_time(piece):
    """Nor in any nesting of elements that are never closed."""
    assert fastest(lambda: own_text(None, piece * (1_000_000 // len(piece)))) < LIMIT


def test_ten_thousand_nested_blockquotes():
    """Depth is no danger."""
    html = "own" + "<blockquote>" * 10_000 + "quoted" + "</blockquote>" * 10_000 + "<p>words"
    assert fastest(lambda: own_text(None, html)) < LIMIT
    assert own_text(None, html).text.split() == ["own", "words"]


def fastest(call) -> float:
    """Seconds of the best of three calls: the others measure the machine."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
        if taken[-1] < LIMIT:
            break
    return min(taken)


MAIL_LIKE = st.lists(
    st.sampled_from(
        ["> ", "On ", "wrote:", "\n", " ", "From: ", "a@b.c", "Subject:", "10:15", "2024", "-- ", "___", "x", "é", "\0"]
    )
).map("".join)


@given(MAIL_LIKE | st.text())
def test_any_plain_text_is_taken(text):
    """Nothing raises, and what comes out was in it."""
    assert set(words(own_text(text, None).text)) <= set(
        words(re.sub(r"[\u00ad\u200b\u200c\u2060\ufeff\x00]", "", text))
    )


HTML_LIKE = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<blockquote", ">", "<div class='gmail_quote'>", "</div>", "<br>", "x", "&amp", "<!", "\0"]
    )
).map("".join)


@given(HTML_LIKE | st.text())
def test_any_html_is_taken(text):
    """Nothing raises."""
    own_text(None, text)
    from_html(text)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50), st.booleans())
def test_flowed_text_is_taken(text, delsp):
    """Nothing raises in format=flowed either."""
    own_text(text, None, flowed=True, delsp=delsp)


def test_delsp_joins_words():
    """With DelSp=yes the space that marks a soft break is no space (RFC 3676)."""
    assert own_text("Donau \ndampfer", None, flowed=True, delsp=True).text == "Donaudampfer"


@pytest.mark.parametrize(
    "text",
    [
        "I am done with you.\n\nBest regards\nAnna\n+45 12 34 56 78\n\nPS pay now you crooks",
        "Here is what you owe.\n\nNever again.\n\n+45 12 34 56 78\nanna@studio.example",
        "You have the address:\nanna@studio.example",
        "These days suit me:\n3/4/2024\n4/4/2024\n5/4/2024",
        "Tel me why you lie",
        "Thanks\nfor nothing\nanna@studio.example",
    ],
)
def test_what_may_be_the_authors_own_is_not_taken_for_a_signature(text):
    """A sentence that goes unjudged costs more than a signature that is judged."""
    own = own_text(text, None).text
    assert own.splitlines()[-1] in text
    for line in text.splitlines():
        assert line in own or "@" in line or "+45" in line
