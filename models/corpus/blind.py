"""Blind second reading: make reading sheets without labels, and merge what the readers said.

    python models/corpus/blind.py sheet  FOLDER written/w01.jsonl written/w02.jsonl --size 112
    python models/corpus/blind.py merge  FOLDER

`sheet` shuffles the texts (seeded by their ids), hides writer, pair, situation and label behind a key, numbers the sentences, and writes
`FOLDER/sheet-N.txt` with `FOLDER/keys.json`. A reader writes `FOLDER/sheet-N.labels.jsonl`, one line a text:
`{"key": "a1b2c3d4", "grade": 0, "hot": [2, 5]}`. `merge` checks them and writes `second/WRITER.jsonl`:
`{"id": ..., "grade": ..., "hot": ["the sentence", ...]}`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from coolmail.tone.sentences import split

HERE = Path(__file__).parent


def key_of(identifier: str) -> str:
    """Return the name under which a text is shown to a reader."""
    return hashlib.sha256(f"blind {identifier}".encode()).hexdigest()[:8]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text as the product cuts them."""
    return [text[start:end] for start, end in split(text)]


def rows_of(paths: list[Path]) -> list[dict[str, object]]:
    """Return the rows of some files in the order of their keys, which is no order at all."""
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: key_of(row["id"]))


def sheet(folder: Path, paths: list[Path], size: int) -> None:
    """Write the reading sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(paths)
    keys = {key_of(str(row["id"])): row["id"] for row in rows}
    texts = {str(row["id"]): row["text"] for row in rows}
    (folder / "keys.json").write_text(json.dumps({"ids": keys, "texts": texts}, ensure_ascii=False), "utf-8")
    for number, start in enumerate(range(0, len(rows), size), 1):
        parts = []
        for row in rows[start : start + size]:
            numbered = "\n".join(f"[{n}] {' '.join(s.split())}" for n, s in enumerate(sentences(str(row["text"])), 1))
            parts.append(f"=== {key_of(str(row['id']))}\n{numbered}\n")
        (folder / f"sheet-{number}.txt").write_text("\n".join(parts), "utf-8")
        print(folder / f"sheet-{number}.txt", len(parts))


def merge(folder: Path) -> int:
    """Merge the readers' labels into `second/`; return the exit status."""
    known = json.loads((folder / "keys.json").read_text("utf-8"))
    ids, texts = known["ids"], known["texts"]
    found: dict[str, dict[str, object]] = {}
    for path in sorted(folder.glob("sheet-*.labels.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            row = json.loads(line)
            if row["key"] not in ids or row["grade"] not in range(5):
                print(f"{path}:{number}: unknown key or grade", file=sys.stderr)
                return 1
            pieces = sentences(texts[ids[row["key"]]])
            hot = [pieces[n - 1] for n in row["hot"] if 1 <= n <= len(pieces)]
            found[ids[row["key"]]] = {"id": ids[row["key"]], "grade": row["grade"], "hot": hot}
    by_writer: dict[str, list[dict[str, object]]] = {}
    for identifier in sorted(found):
        by_writer.setdefault(identifier.partition("-")[0], []).append(found[identifier])
    for writer, rows in by_writer.items():
        target = HERE / "second" / f"{writer}.jsonl"
        target.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        print(target.name, len(rows))
    missing = len(ids) - len(found)
    if missing:
        print(f"{missing} texts have no second reading yet", file=sys.stderr)
    return 0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sheet", "merge"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--size", type=int, default=112)
    options = parser.parse_args()
    if options.what == "sheet":
        sheet(options.folder, options.files, options.size)
        return 0
    return merge(options.folder)


if __name__ == "__main__":
    sys.exit(main())
