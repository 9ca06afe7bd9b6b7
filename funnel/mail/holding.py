"""A claim in our hands: which of its mails are still to go, which are with the relay, and what is to be recorded."""

import time
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from funnel.mail.batch import Draft
from funnel.mail.claimed import Claimed
from funnel.mail.crew import Job
from funnel.mail.ledger import Result
from funnel.mail.replies import Outcome
from funnel.relay import Relay

RECORDED_AT = 2000  # results, and
RECORDED_EVERY_S = 0.2  # after the first of them
BOOT_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(slots=True)
class Mail(Job):
    """A composed mail of a holding, made by a stencil: render.Outgoing says what that means for its lines."""

    dotless: ClassVar[bool] = True

    claimed: Claimed
    holding: "Holding"


class Holding:
    """The mails of one claim, all for one relay. `lease_ends`, `gated_until`: by `boot_seconds`."""

    def __init__(self, claim_id: int, relay: Relay, drafts: list[Draft], lease_ends: float, gated_until: float) -> None:
        self.claim_id = claim_id
        self.relay = relay
        self.lease_ends = lease_ends
        self.gated_until = gated_until  # who left after it was claimed should not be kept waiting to be noticed
        self.to_go = deque(draft for draft in drafts if draft.outcome is None)
        self.out = 0
        self.back: list[Claimed] = []
        self.results: list[Result] = []
        self._first_at = 0.0
        for draft in drafts:
            if draft.outcome:
                self._note(Result(draft.claimed, draft.outcome))

    @property
    def over(self) -> bool:
        """Nothing of it is to go or with the relay."""
        return not self.to_go and not self.out

    def begin(self) -> Draft:
        """The next one to go. Raises IndexError when there is none."""
        draft = self.to_go.popleft()
        self.out += 1
        return draft

    def end(self, claimed: Claimed, outcome: Outcome) -> None:
        self.out -= 1
        self._note(Result(claimed, outcome))

    def take_back(self, claimed: Claimed) -> None:
        """Of one that had begun and was certainly not handed over."""
        self.out -= 1
        self.back.append(claimed)

    def stop(self) -> None:
        """No other mail of it is begun."""
        self.back += [draft.claimed for draft in self.to_go]
        self.to_go.clear()

    def call_off(self, newsletter_ids: Collection[int]) -> None:
        """No other mail of these newsletters is begun."""
        if newsletter_ids and any(draft.claimed.newsletter_id in newsletter_ids for draft in self.to_go):
            kept = [draft for draft in self.to_go if draft.claimed.newsletter_id not in newsletter_ids]
            self.back += [draft.claimed for draft in self.to_go if draft.claimed.newsletter_id in newsletter_ids]
            self.to_go = deque(kept)

    def recordable(self) -> bool:
        """Whether its results are many enough, old enough or the last."""
        if not self.results and not self.back:
            return False
        return self.full or time.monotonic() - self._first_at > RECORDED_EVERY_S

    @property
    def full(self) -> bool:
        """Whether it is recordable whatever the time: its results are many enough, or the last."""
        return len(self.results) >= RECORDED_AT or self.over

    def drain(self) -> tuple[list[Result], list[Claimed]]:
        """What is to be recorded now."""
        found = self.results, self.back
        self.results, self.back = [], []
        return found

    def _note(self, result: Result) -> None:
        if not self.results:
            self._first_at = time.monotonic()
        self.results.append(result)


def boot_seconds() -> float:
    """A clock that goes on while a laptop sleeps, where the system has one: leases do not sleep."""
    return time.clock_gettime(BOOT_CLOCK)
