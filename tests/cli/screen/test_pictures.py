"""What the screen looks like. `pytest --snapshot-report` shows a picture that changed; after a look, `--snapshot-update` keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from coolmail.core.tone import Kind, Level
from tests.cli.conftest import Desk
from tests.cli.screen import shelf
from tests.cli.screen.conftest import Stage, settled
from tests.core.making import NOW

Compare = Callable[..., bool]

TO_MARIE = ("down",) * 4


def keys(*pressed: str) -> Callable[[Pilot[None]], object]:
    """Return what is done before the picture is taken."""

    async def press(pilot: Pilot[None]) -> None:
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot)

    return press


@pytest.fixture(autouse=True)
def _words_of_the_calmer_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the wording of our letters out of the pictures: it is tested with the letters, and that it is shown in `test_keys`."""
    monkeypatch.setattr(
        "coolmail.cli.screen.around._instead", lambda *_: "Hello Marie,\n\nshall we talk on Tuesday?\n\nAnna Berg"
    )


SHOWN = {
    "list": ((80, 24), ()),
    "list-wide": ((120, 40), ()),
    "list-narrow": ((40, 15), ()),
    "letter": ((80, 24), (*TO_MARIE, "enter")),
    "letter-wide": ((120, 40), (*TO_MARIE, "enter")),
    "letter-not-judged": ((80, 24), ("enter",)),
    "search": ((80, 24), ("slash", *"holm")),
    "search-in-vain": ((80, 24), ("slash", *"nobody")),
    "view-yours-to-decide": ((80, 24), ("v", "v")),
    "asking-for-the-word": ((80, 24), (*TO_MARIE, "r")),
    "asking-a-wrong-word": ((80, 24), (*TO_MARIE, "r", *"yes", "enter")),
    "asking-before-cancel": ((80, 24), (*TO_MARIE, "c")),
    "asking-how-long": ((80, 24), (*TO_MARIE, "x")),
    "asking-to-send-again": ((80, 24), ("down", "down", "r")),
    "asking-which-reply": ((80, 24), (*TO_MARIE, "s", "down")),
    "asking-was-it-right": ((80, 24), (*TO_MARIE, "f")),
    "asking-before-undo": ((80, 24), (*TO_MARIE, "x", "enter", "u")),
    "help": ((80, 24), ("question_mark",)),
    "said": ((80, 24), (*TO_MARIE, "w")),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_bad_week(snap_compare: Compare, full: Stage, name: str) -> None:
    """Every part of the screen, with a week of messages, while the daemon runs."""
    size, pressed = SHOWN[name]
    assert snap_compare(full.app(), terminal_size=size, run_before=keys(*pressed))


@pytest.mark.parametrize(
    ("name", "pressed"), [("list", ("down",)), ("letter", (*TO_MARIE, "enter")), ("reply", ("s", "down"))]
)
def test_without_colour(
    snap_compare: Compare, full: Stage, monkeypatch: pytest.MonkeyPatch, name: str, pressed: tuple[str, ...]
) -> None:
    """NO_COLOR: the chosen row, the heat and the hot sentences are told by marks and underline."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(full.app(), terminal_size=(80, 24), run_before=keys(*pressed))


def test_nothing_waits(snap_compare: Compare, stage: Stage) -> None:
    """An empty screen says what it is for."""
    assert snap_compare(stage.app(), terminal_size=(80, 24), run_before=keys())


def test_the_daemon_is_down(snap_compare: Compare, desk: Desk) -> None:
    """It is said on top, with what to do."""
    stage = Stage(desk)
    stage.fill()
    assert snap_compare(stage.app(), terminal_size=(80, 24), run_before=keys())


HOSTILE = "\x1b[2J\x1b[HPaid\u202e gnp.ecoivni\u200b\r\n\tX \x9b31m\x07end [bold]not markup[/] [@click=app.quit]x[/]"


@pytest.mark.parametrize(
    ("name", "pressed"), [("list", ()), ("letter", ("enter",)), ("word", ("r",)), ("cancel", ("c",))]
)
def test_hostile_text(snap_compare: Compare, stage: Stage, name: str, pressed: tuple[str, ...]) -> None:
    """Escapes, overrides, markup in every field: they are text, or they are gone."""
    pieces = [(f"{HOSTILE}. ", 0.1, ()), (f"You {HOSTILE}!", 0.9, (Kind.BLAME,))]
    stage.put(
        subject=HOSTILE,
        recipients=(f"bo{HOSTILE}@shop.example", "x\n@y.example"),
        report=shelf.report(pieces, 0.9, Level.HEATED),
        reasons=(HOSTILE,),
        hold_until=NOW + timedelta(hours=3),
        raw=shelf.raw("mine", HOSTILE, "x"),
    )
    assert snap_compare(stage.app(), terminal_size=(80, 24), run_before=keys(*pressed))
