"""The report for people."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from coolmail.tone.evaluation.markdown import _literal, _table


def test_a_mail_is_shown_as_it_was_written() -> None:
    """Stars, underscores, tags and rules in a mail are its own, not the report's."""
    assert _literal("*URGENT* <b>_now_</b> #1 `rm` | 5") == r"\*URGENT\* \<b\>\_now\_\</b\> \#1 \`rm\` \| 5"


def test_a_table_has_a_rule_below_its_head() -> None:
    """With the sides asked for."""
    assert _table(("a", "b"), [(1, "x")], "lr") == "| a | b |\n| --- | ---: |\n| 1 | x |"
