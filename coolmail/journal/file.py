"""The open journal file: each transaction is one piece of work on a thread, never cut in the middle.

SQLite waits for the disk at every commit, and up to ten seconds for another program that writes. So the event loop does not call it: one thread
writes, another reads beside it, as a write-ahead log lets it. A transaction is one function, which goes to its thread whole: with an asynchronous
driver every statement, every BEGIN and COMMIT is a way there and back, and these ways cost more than the statements.

A cancellation waits until the transaction has ended (it takes milliseconds): nobody would know otherwise whether the commit was made.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.exc import SQLAlchemyError

from coolmail.journal.engine import make_engine
from coolmail.journal.errors import translate

Result = TypeVar("Result")
Work = Callable[[Connection], Result]
"""What is done in one transaction. It must not touch anything that belongs to the event loop."""


class _Line:
    """A thread and its connection, which is opened when it is needed and kept; after an error a new one takes its place."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._engine = engine
        self._connection: Connection | None = None

    def transaction(self, work: Work[Result]) -> Result:
        """Do the work in a transaction; only on its thread."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                return work(self._connection)
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        """Close the connection; only on its thread."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


class JournalFile:
    """The file at `path`. Every error of SQLite is a `JournalError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = make_engine(path)
        self._writes = _Line(self.engine, "journal-writes")
        self._reads = _Line(self.engine.execution_options(read_only=True), "journal-reads")

    async def write(self, work: Work[Result]) -> Result:
        """Do the work in a transaction that has the write lock from its beginning; when this returns, it is on the disk."""
        return await self._transaction(self._writes, work)

    async def read(self, work: Work[Result]) -> Result:
        """Do the work in a transaction that sees one state of the file and does not wait for writers."""
        return await self._transaction(self._reads, work)

    async def rows(self, query: Select[Any], **asked: Any) -> Sequence[Any]:
        """Return the rows of a query; `asked` are the values of its parameters."""
        return await self.read(lambda connection: connection.execute(query, asked).all())

    async def first(self, query: Select[Any], **asked: Any) -> Any:
        """Return the first row of a query; None if there is none."""
        return await self.read(lambda connection: connection.execute(query, asked).first())

    async def close(self) -> None:
        """Close the file."""
        try:
            await _on(self._writes.thread, self._end)
        finally:
            self._writes.thread.shutdown()

    def _end(self) -> None:
        self._reads.thread.submit(self._reads.hang_up).result()
        self._reads.thread.shutdown()
        self._writes.hang_up()
        self.engine.dispose()

    async def _transaction(self, line: _Line, work: Work[Result]) -> Result:
        try:
            return await _on(line.thread, lambda: line.transaction(work))
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise translate(error, self.path) from error


async def _on(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    done = asyncio.get_running_loop().run_in_executor(thread, work)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        while not done.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({done})
        done.exception()  # nobody is left to be told
        raise
