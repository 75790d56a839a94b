"""A submission server in memory, with the outcomes of `coolmail.mail.submission.submit`: accepted, deferred, refused, login refused, ambiguous.

It reports the stages exactly where the real adapter does. An accepted message is entered in the ledger at the moment of the 250, before the reply is
on its way; a provider that files by itself puts its copy into Sent then or somewhat later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from coolmail.core.states import Stage
from coolmail.mail.submission import (
    Accepted,
    SubmissionAmbiguousError,
    SubmissionDeferredError,
    SubmissionLoginError,
    SubmissionRefusedError,
)
from tests.simulation.pace import Fate, Pace
from tests.simulation.server import MailServer, message_id_of


@dataclass
class SubmissionServer:
    """The account's submission server."""

    pace: Pace
    mail: MailServer
    files_sent: bool
    """Whether it files what it accepts into Sent."""
    told: bool
    """Whether the account is configured so. If not, the copy is made at once: nobody could tell that another is still to come."""
    trouble: float
    """How often it answers anything but yes, 0..1."""
    prompt: float = 0.5
    """How often a provider that is known to file does so at once, 0..1."""
    filed: Counter[str | None] = field(default_factory=Counter)
    """How many Sent copies of each Message-ID it made: one an acceptance."""

    def answer(self) -> float:
        """Return what a recipient is answered: up to 0.4 yes, up to 0.8 later, else no."""
        return self.pace.rng.random() if self._troubled() else 0.0

    def _troubled(self) -> bool:
        return self.pace.rng.random() < self.trouble

    async def submit(
        self,
        *,
        recipients: Sequence[str],
        data: bytes,
        on_stage: Callable[[Stage], Awaitable[None]],
        accept: Callable[[bytes, tuple[str, ...]], None],
        working: list[Callable[[], object]],
    ) -> Accepted:
        """Run one attempt; `accept` enters it in the ledger, `working` holds what the server still does if the client is gone."""
        pace, chance = self.pace, self.pace.rng.random
        if await pace.point("SMTP connect", effect=True) is Fate.LOST or self._troubled():
            if chance() < 0.1:
                raise SubmissionLoginError("the login was refused")
            raise SubmissionDeferredError("the server can't be reached")
        await on_stage(Stage.CONNECTED)
        answers = {recipient: self.answer() for recipient in recipients}
        if await pace.point("SMTP recipients", effect=True) is Fate.LOST:
            raise SubmissionDeferredError("the connection was lost before the content")
        accepted = tuple(recipient for recipient, answer in answers.items() if answer < 0.4)
        deferred = tuple((recipient, "450 later") for recipient, answer in answers.items() if 0.4 <= answer < 0.8)
        refused = tuple((recipient, "550 no") for recipient, answer in answers.items() if answer >= 0.8)
        if not accepted:
            if deferred:
                raise SubmissionDeferredError("every recipient was put off")
            raise SubmissionRefusedError("every recipient was refused", refused)
        partial = bool(refused or deferred)
        await on_stage(Stage.RECIPIENTS)
        await on_stage(Stage.DATA)
        refusal = chance() if self._troubled() else 0.0

        def take() -> None:
            accept(data, accepted)
            if self.files_sent:
                self.filed[message_id_of(data)] += 1
                # The provider's own filing takes a moment; nobody can tell how long.
                copy = [lambda: self.mail.put("Sent", data, ("\\Seen",), pace.now())]
                if not self.told or chance() < self.prompt:
                    copy[0]()
                else:
                    pace.pending.append(list(copy))

        working[:] = [take] if refusal == 0.0 else []
        if await pace.point("SMTP content", effect=True) is Fate.LOST:
            steps, working[:] = list(working), []
            pace.abandon(steps)
            raise SubmissionAmbiguousError("the connection was lost in the content", partial=partial)
        if refusal:
            raise SubmissionDeferredError("451 later") if refusal < 0.5 else SubmissionRefusedError("554 no")
        working.clear()
        take()
        if await pace.point("SMTP reply", effect=True) is Fate.LOST:
            raise SubmissionAmbiguousError("the reply was lost", partial=partial)
        return Accepted("250 queued", accepted, refused, deferred)
