"""The account of one act: every mail planned, where the database says it is, and how often the sink took it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.rig import Rig

LAST_STATES = {"sent", "skipped", "failed", "unknown", "expired"}


@dataclass
class Account:
    """What became of the mails of one act."""

    what: str
    people: int
    planned: int = 0
    accepted: int = 0
    twice: int = 0
    unknown: int = 0
    allowed: int = 0  # connections open at each kill, and cut by the sink at a dot: so many may be unknown
    explained: int = 0  # failed, skipped or expired, each with its reason
    lost: int = 0
    astray: int = 0  # taken though recorded as not sent, or taken in pieces
    kills: int = 0  # kill -9
    others: int = 0  # stops, restarts, freezes, jumps
    seconds: float = 0.0
    even: bool = False  # plan.balance: it holds and nothing waits
    note: str = ""

    @property
    def sound(self) -> bool:
        right = self.even and self.planned == self.people and self.unknown <= self.allowed
        return right and not (self.lost or self.twice or self.astray)

    def make_out(self, rig: Rig, file: Path) -> None:
        """From the database, and from what the sink wrote into `file`."""
        from funnel.db import Session
        from funnel.programme import plan

        with Session.begin() as session:
            self.even = plan.balance(session).settled
        states = {int(str(row[0])): str(row[1]) for row in rig.database.execute("SELECT id, state FROM message")}
        taken = Counter(int(line) for line in file.read_text().split())
        pieces = taken.pop(0, 0)
        self.planned, self.accepted = len(states), len(taken)
        self.twice = sum(taken.values()) - len(taken)
        self.unknown = sum(state == "unknown" for state in states.values())
        self.explained = sum(state in {"failed", "skipped", "expired"} for state in states.values())
        ended = {number for number, state in states.items() if state in LAST_STATES}
        known = {number for number in ended if states[number] != "sent" or number in taken}
        self.lost = self.people - len(known)
        self.astray = pieces + sum(states.get(number) not in {"sent", "unknown"} for number in taken)
