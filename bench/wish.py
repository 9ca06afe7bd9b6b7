"""What is wished of one run of the bench."""

from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5  # medians of fewer are for trying out


@dataclass(frozen=True)
class Wish:
    """`people` None: as many as the row is meant to have."""

    rounds: int
    people: int | None
    folder: Path  # where pictures go
    mass: str | None = None  # a database that is filled already
    pages: tuple[str, ...] = ()  # beginnings of the only pages to look at

    def count(self, meant: int) -> int:
        return self.people or meant

    def is_small(self, meant: int) -> bool:
        return self.count(meant) < meant or self.rounds < ROUNDS
