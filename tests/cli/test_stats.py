"""`coolmail stats`: the figures in the terminal, as JSON, and as one HTML file that loads nothing."""

from __future__ import annotations

import random
import re
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coolmail.cli import acts
from coolmail.core.states import State
from coolmail.journal import Journal, deeds
from tests.cli.conftest import Desk
from tests.cli.test_showing import HOSTILE, OBEYED
from tests.core.making import calm_report, hot_report
from tests.journal.adding import add

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)

CLIENTS = ("bo@shop.example", "cy@gallery.example", "dee@bakery.example", "eli@museum.example", "fay@clinic.example")


async def a_year(journal: Journal, mails: int = 160, *, days: int = 300, until: datetime | None = None) -> None:
    """Fill a journal as a year of work does: fewer hot mails with time, hot ones in the evening, one client hotter than others."""
    rng = random.Random(4)
    end = until or datetime.now(UTC)
    for number in range(mails):
        age = rng.random()
        client = rng.choice(CLIENTS)
        hour = rng.choice((8, 9, 9, 10, 10, 11, 13, 14, 15, 16, 16, 20, 22))
        at = (end - timedelta(days=1 + age * (days - 1))).replace(hour=hour, minute=rng.randrange(60))
        hot = rng.random() < 0.08 + 0.3 * age + (0.25 if client == CLIENTS[0] else 0) + (0.2 if hour >= 16 else 0)
        heat = rng.uniform(0.65, 0.98) if hot else rng.uniform(0.02, 0.4)
        state = rng.choice((State.FILED, State.FILED, State.FILED, State.CANCELLED)) if hot else State.FILED
        entry = await add(
            journal,
            number,
            state=state,
            now=at,
            recipients=(client,),
            report=hot_report(heat) if hot else calm_report(heat),
            verdict="hold" if hot else "send",
            override=hot and rng.random() < 0.15,
        )
        if hot and rng.random() < 0.1:
            await acts.feedback(journal, entry, "wrong", now=at)
        if hot and state is State.FILED and rng.random() < 0.3:
            await deeds.note(journal, entry.id, "edit", now=at)
        if hot and state is State.CANCELLED and rng.random() < 0.5:
            await journal.set_talk(entry.id, called_at=at)


def test_nothing_yet(desk: Desk) -> None:
    """A new user is not met with zeros; the page is whole all the same."""
    page = desk.config.parent / "stats.html"
    assert "Nothing has passed through coolmail in this time." in desk.run("stats", "--html", str(page)).stdout
    assert "NaN" not in page.read_text()


def test_the_figures_are_those_of_the_journal(desk: Desk) -> None:
    """In words and as JSON; what was edited counts until the edit is undone."""
    now = datetime.now(UTC)
    hot = {"report": hot_report(), "verdict": "hold"}
    held = desk.add(1, state=State.HELD, now=now, **hot)
    desk.add(2, state=State.CANCELLED, now=now, **hot)
    desk.add(3, state=State.FILED, now=now, override=True, **hot)
    desk.add(4, state=State.FILED, now=now, report=calm_report(), verdict="send")
    desk.add(5, state=State.FILED, now=now - timedelta(days=40), **hot)
    desk.work(lambda journal: acts.feedback(journal, held, "wrong", now=now))
    desk.work(lambda journal: journal.set_talk(held.id, called_at=now))
    found = desk.json("stats", "--since", "30d")
    assert found["counts"] == {
        "messages": 4,
        "held": 3,
        "revised": 0,
        "cancelled": 1,
        "overridden": 1,
        "waited": 0,
        "waiting": 1,
        "called": 1,
        "false_alarms": 1,
        "missed": 0,
        "answers": 1,
    }
    assert found["clients"] == [{"name": "bo@shop.example", "messages": 4, "held": 3, "heat": 0.7}]
    said = desk.run("stats", "--since", "30d").stdout
    for words in ("4  mails written", "3  held", "1  sent anyway, early", "1  false alarms", "bo@shop.example"):
        assert words in said
    assert desk.json("stats")["counts"]["messages"] == 5


def test_a_span_that_is_none_is_a_usage_error(desk: Desk) -> None:
    """Exit code 2."""
    assert desk.run("stats", "--since", "often").exit_code == 2


def test_the_page_is_complete_private_and_loads_nothing(desk: Desk) -> None:
    """One file of mode 0600 with four charts; hostile addresses are text."""
    desk.work(a_year)
    hostile = (f"<script>alert(1)</script>{HOSTILE}",)
    desk.add(999, state=State.FILED, now=datetime.now(UTC), recipients=hostile, verdict="hold", report=hot_report())
    page = desk.config.parent / "stats.html"
    assert desk.run("stats", "--html", str(page)).exit_code == 0
    html = page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert html.count("<svg ") == 4
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert not re.search(r"https?:|url\(|@import|<link|<img|<iframe", html)
    assert "default-src 'none'" in html
    assert not OBEYED.search(html)


def test_a_page_that_cannot_be_written_is_said(desk: Desk) -> None:
    """Exit code 1, nothing half-written."""
    result = desk.run("stats", "--html", str(desk.config.parent / "nowhere" / "stats.html"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine (Debian: apt install chromium)")
@pytest.mark.parametrize("width", [800, 390])
def test_a_browser_shows_it_whole(desk: Desk, tmp_path: Path, width: int) -> None:
    """In headless Chromium: every chart has its size, nothing is wider than the window, and nothing is asked of any network."""
    desk.work(a_year)
    page = tmp_path / "stats.html"
    assert desk.run("stats", "--html", str(page)).exit_code == 0
    probe = (
        "<script>onload=()=>{const s=[...document.querySelectorAll('svg')].map(e=>e.getBoundingClientRect());"
        "document.title=[s.length,s.every(r=>r.width>200&&r.height>50),document.documentElement.scrollWidth<=innerWidth,"
        "performance.getEntriesByType('resource').length].join()}</script>"
    )
    # The page itself forbids scripts; the copy that is probed allows this one.
    probed = tmp_path / "probed.html"
    probed.write_text(
        page.read_text()
        .replace("style-src", "script-src 'unsafe-inline'; style-src")
        .replace("</main>", f"</main>{probe}")
    )
    done = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         f"--window-size={width},900", "--virtual-time-budget=3000", "--dump-dom", probed.as_uri()],
        capture_output=True, check=False, timeout=180,
    )  # fmt: skip
    assert b"<title>4,true,true,0</title>" in done.stdout, done.stdout[:300] + done.stderr[-500:]
