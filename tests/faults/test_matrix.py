"""The failure matrix of docs/reliability.md names what shows each row; here is seen that all of that exists."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path

from tests.faults.lines import FAULTS
from tests.faults.points import CANCELS, EDITED, IMAP, JOURNAL, POINTS, SMTP

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "reliability.md"

PARAMETERS = {
    "test_the_line_breaks": [fault.name for fault in FAULTS],
    "test_killed_and_started_again": [point.name for point in POINTS],
}
COUNTS = {
    "journal transition": len(JOURNAL),
    "any IMAP command": len(IMAP),
    "before the content": sum(point.calm == point.hot == "filed" for point in SMTP),
    "from the content on": sum("review" in (point.calm, point.hot) for point in SMTP),
    "then deleted": len(CANCELS),
    "then `coolmail cancel`": len(CANCELS),
    "an edited version takes its place": len(EDITED),
}


def rows(section: str = "Failure matrix") -> list[tuple[str, str]]:
    """Return fault and proof of every row of the matrix, or of another table that begins a section."""
    text = DOCUMENT.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [(row[0], row[-1]) for row in cells[2:]]


def defined() -> dict[str, list[Path]]:
    """Return the files in which each test function is defined."""
    found: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^ *(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE):
            found.setdefault(name, []).append(path)
    return found


def test_every_row_names_what_exists() -> None:
    """Each row names at least one proof, and each test, file, parameter and program named is there."""
    functions, wrong = defined(), []
    table, traps = rows(), rows("Traps of servers, clients and libraries")
    assert len(table) >= 40
    assert len(traps) >= 13
    for fault, proof in (*table, *traps):
        named = re.findall(r"`([^`]+)`", proof)
        wrong += [] if named else [f"{fault}: nothing shows it"]
        wrong += [f"{fault}: there is no {name}" for name in named if not _exists(name, functions)]
    assert not wrong, "\n".join(wrong)


def _exists(name: str, functions: dict[str, list[Path]]) -> bool:
    if name.startswith("python -m "):
        return callable(import_module(name.split()[2]).main)
    test, _, parameter = name.partition("[")
    path, _, function = test.rpartition("::")
    if function.startswith("tests/"):
        return (ROOT / function).exists()
    there = [found for found in functions.get(function, []) if str(found).endswith(path)]
    if not parameter:
        return bool(there)
    pattern = parameter.removesuffix("]").replace("...", "*")
    return bool(there) and any(fnmatchcase(known, pattern) for known in PARAMETERS[function])


def test_the_counts_are_those_of_the_tables() -> None:
    """Where a row says how many points or commands, it is as many."""
    said = {
        part: int(number[1])
        for fault, proof in rows()
        for part in COUNTS
        if part in fault and (number := re.search(r"(\d+) points", proof))
    }
    assert said == COUNTS
