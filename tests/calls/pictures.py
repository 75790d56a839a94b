"""Pictures of the note for the documentation, made by headless Chromium: `python -m tests.calls.pictures FOLDER`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from zoneinfo import ZoneInfo

from coolmail.calls.note import compose_note
from coolmail.calls.points import find_points
from coolmail.core.advice import reasons
from coolmail.core.settings import Mailboxes
from coolmail.core.talk import Letter, Number, Preparation, Slot
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport
from tests.calls.test_points import ANNA, BO, ENGLISH, MINE, NOW

HERE, THERE = ZoneInfo("Europe/Copenhagen"), ZoneInfo("Europe/London")
OWN = (
    "Hi Bo,\n\nThank you for your mail. As I have now explained four times, the delay is entirely your own fault. "
    "You never read a single mail I send, and then you have the nerve to shout at me.\n\nThe corrected invoice is attached.\n\nAnna"
)
HOT = {
    "As I have now explained four times, the delay is entirely your own fault.": (Kind.PASSIVE_AGGRESSION, Kind.BLAME),
    "You never read a single mail I send, and then you have the nerve to shout at me.": (Kind.BLAME, Kind.ANGER),
}
PICTURES = {"note-light": (720, 1), "note-dark": (720, 0), "note-phone": (375, 1)}
"""Width in CSS pixels, and Chromium's number of the preferred colours (0 is dark)."""


def note(kind: str = "held") -> str:
    """Return the HTML of a note about an invented quarrel."""
    sentences = tuple(
        SentenceHeat(text, OWN.index(text), OWN.index(text) + len(text), 0.9, kinds) for text, kinds in HOT.items()
    )
    report = ToneReport(0.91, Level.HEATED, OWN, sentences, "en")
    starts = [datetime(2026, 11, day, hour, tzinfo=HERE) for day, hour in ((30, 10), (30, 14))]
    letters = [
        Letter(BO, NOW - timedelta(days=1), ENGLISH, "", in_thread=True),
        Letter(ANNA, NOW - timedelta(days=14), MINE, "", in_thread=True),
        Letter(ANNA, NOW, OWN, "", in_thread=True),
    ]
    found = Preparation(
        numbers=(
            Number(
                "+442079460123", "+44 20 7946 0123", "020 7946 0123", "in the signature of their mail of 26 November"
            ),
        ),
        slots=tuple(Slot(start, start + timedelta(minutes=30), start.astimezone(THERE)) for start in starts),
        points=find_points(letters, client=BO, ours=[ANNA], language="en", now=NOW),
        remarks=("The client's local time is taken from their number.",),
    )
    raw = compose_note(
        kind=kind,
        identifier="h7k2",
        address=ANNA,
        message_id="<n1@studio.example>",
        subject="Re: The invoice",
        recipients=[BO],
        now=NOW,
        zone=HERE,
        report=report,
        reasons=reasons(report),
        hold_until=datetime(2026, 11, 30, 15, tzinfo=UTC),
        mailboxes=Mailboxes(),
        has_suggestion=True,
        found=found,
    )
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def chromium() -> str | None:
    """Return the browser, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def browse(page: str, *options: str, folder: Path) -> str:
    """Open a page in headless Chromium without a network; return what it prints."""
    browser = chromium()
    assert browser is not None
    file = folder / "page.html"
    file.write_text(page, "utf-8")
    usual = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--proxy-server=127.0.0.1:9",
        f"--user-data-dir={folder / 'profile'}",
    ]
    done = subprocess.run([browser, *usual, *options, file.as_uri()], check=True, timeout=140, capture_output=True)
    return done.stdout.decode()


def height(page: str, width: int, folder: Path) -> int:
    """Return how tall a page is at a width, in CSS pixels."""
    return int(measured(page, width, folder)[1])


def measured(page: str, width: int, folder: Path) -> tuple[int, int]:
    """Return the width and height that a page's content takes at a width of its window, in CSS pixels."""
    escaped = page.replace("&", "&amp;").replace('"', "&quot;")
    frame = f"""<!doctype html><iframe id="f" style="border:0;width:{width}px;height:100px" srcdoc="{escaped}"></iframe><script>
    onload = () => {{ const d = document.getElementById("f").contentDocument.documentElement;
    document.title = d.scrollWidth + "x" + Math.ceil(d.querySelector(".page").getBoundingClientRect().height); }}</script>"""
    found = browse(frame, "--dump-dom", folder=folder)
    wide, tall = found.split("<title>")[1].split("</title>")[0].split("x")
    return int(wide), int(tall)


def main() -> None:
    """Write the pictures into a folder."""
    target = Path(sys.argv[1])
    page = note()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, (width, scheme) in PICTURES.items():
            tall = height(page, width, folder)
            browse(
                page,
                f"--window-size={width},{tall}",
                f"--blink-settings=preferredColorScheme={scheme}",
                f"--screenshot={target / name}.png",
                folder=folder,
            )


if __name__ == "__main__":
    main()
