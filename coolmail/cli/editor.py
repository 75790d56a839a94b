"""The user's editor on a private file that outlives everything that may go wrong.

The file lies beside the journal (folder 0700, file 0600), not in a temporary folder: what was written is removed only once it is safe elsewhere, and
a power cut while the editor is open leaves it there.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from coolmail.core.errors import CoolmailError

USUAL = ("sensible-editor", "editor", "nano", "vim", "vi")
"""Editors that are looked for where neither VISUAL nor EDITOR names one."""


class EditorError(CoolmailError):
    """The editor could not be started or did not end well."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A private file with something to edit; `before` is what it held at first."""

    path: Path
    before: bytes

    @classmethod
    def lay(cls, folder: Path, stem: str, suffix: str, content: bytes) -> Sheet:
        """Write a new file; raise `EditorError` if that cannot be done."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            handle, name = tempfile.mkstemp(prefix=f"{stem}-", suffix=suffix, dir=folder)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError as error:
            raise EditorError(f"no file can be written in {folder}: {error.strerror}. Nothing was changed") from error
        return cls(Path(name), content)

    def read(self) -> bytes:
        """Return what it holds now; raise `EditorError` if it is gone."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise EditorError(
                f"the editor left no file that can be read ({error.strerror}). Nothing was changed"
            ) from error

    def keep(self) -> Path | None:
        """Leave it, for its author, if it holds something new; return where it lies, None if there is nothing to keep."""
        try:
            if self.path.read_bytes() in {self.before, b""}:
                self.discard()
                return None
            self.path.chmod(0o600)  # an editor may have written a file of its own in its place
        except OSError:
            return None
        return self.path

    def discard(self) -> None:
        """Remove it, and what editors leave beside it."""
        for path in (self.path, self.path.with_name(self.path.name + "~")):
            path.unlink(missing_ok=True)


def editor() -> list[str]:
    """Return the command of the user's editor: VISUAL, EDITOR, or one that is usually there. Raises `EditorError`."""
    for name in ("VISUAL", "EDITOR"):
        if value := os.environ.get(name, "").strip():
            try:
                return shlex.split(value)
            except ValueError as error:
                raise EditorError(f"{name} is not a command ({error}). Nothing was changed") from error
    for name in USUAL:
        if found := shutil.which(name):
            return [found]
    raise EditorError("no editor was found; set EDITOR, for instance: export EDITOR=nano. Nothing was changed")


async def edit(sheet: Sheet) -> bytes:
    """Let the user edit a sheet; return what it holds then. Raises `EditorError` if the editor does not end well.

    Ctrl-C is the editor's meanwhile.
    """
    command = editor()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    try:
        process = await asyncio.create_subprocess_exec(*command, str(sheet.path))
        status = await process.wait()
    except OSError as error:
        raise EditorError(
            f"the editor {command[0]} cannot be started: {error.strerror}. Nothing was changed"
        ) from error
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    if status:
        raise EditorError(f"the editor {command[0]} ended with status {status}. Nothing was changed")
    return sheet.read()
