"""The note in a real browser: it fits a phone, follows the reader's colours, and asks nobody for anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calls import pictures

pytestmark = pytest.mark.skipif(pictures.chromium() is None, reason="Chromium is not installed")


def test_it_fits_the_smallest_phone(tmp_path: Path) -> None:
    """Nobody scrolls sideways, whatever stands in the mail: a word that never ends, as a link may be, is broken."""
    long = "https://shop.example/" + "x" * 400
    page = pictures.note().replace("The corrected invoice", long).replace("I am very disappointed", long)
    page = page.replace(pictures.BO, f"{'b' * 200}@x.example")
    assert page.count(long) == 2
    wide, tall = pictures.measured(page, 320, tmp_path)
    assert wide <= 320
    assert tall > 1000


def test_it_is_dark_where_the_reader_is(tmp_path: Path) -> None:
    """By the reader's own setting: the background of the page, as painted."""
    script = "<script>onload = () => document.title = getComputedStyle(document.body).backgroundColor</script></body>"
    page = pictures.note().replace("</body>", script)
    painted = [
        pictures.browse(page, "--dump-dom", f"--blink-settings=preferredColorScheme={scheme}", folder=tmp_path)
        .split("<title>")[1]
        .split("<")[0]
        for scheme in (0, 1)
    ]
    assert painted == ["rgb(22, 25, 29)", "rgb(255, 255, 255)"]
