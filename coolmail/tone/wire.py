"""What passes between the daemon and its tone worker: JSON in frames, each led by its length in four bytes, big-endian.

The worker says `{"ready": true}` once the model is loaded, or `{"error": MESSAGE}` and ends. Then each request
`{"texts": [...], "scale": [warm, heated, boiling]}` gets `{"reports": [...]}`. End of file on its standard input ends it.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport

LENGTH = struct.Struct(">I")


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as it goes over the pipe."""
    body = json.dumps(message).encode("ascii")
    return LENGTH.pack(len(body)) + body


def report_to_json(report: ToneReport) -> dict[str, Any]:
    """Return a report as JSON values; the text itself stays behind, the sentences are offsets into it."""
    return {
        "heat": report.heat,
        "level": str(report.level),
        "language": report.language,
        "judged": report.judged,
        "notice": report.notice,
        "sentences": [[s.start, s.end, s.heat, [str(kind) for kind in s.kinds]] for s in report.sentences],
    }


def report_from_json(data: dict[str, Any], text: str) -> ToneReport:
    """Return the report on `text` that `report_to_json` took apart."""
    return ToneReport(
        heat=data["heat"],
        level=Level(data["level"]),
        own_text=text,
        sentences=tuple(
            SentenceHeat(text[start:end], start, end, heat, tuple(map(Kind, kinds)))
            for start, end, heat, kinds in data["sentences"]
        ),
        language=data["language"],
        judged=data["judged"],
        notice=data["notice"],
    )
