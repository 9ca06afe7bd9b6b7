"""A number beside the one of the period before: how many more or fewer, and whether that says anything."""

from dataclasses import dataclass
from math import sqrt

FEW = 20  # both together; below it one reader is a tenth of all
BY_CHANCE = 1.96  # standard deviations within which two counts differ by chance alone, 19 times of 20


@dataclass(frozen=True)
class Change:
    """`count` now and `before`."""

    count: int
    before: int

    @property
    def more(self) -> int:
        return self.count - self.before

    @property
    def telling(self) -> bool:
        """Whether it is more than what chance does to a count every week (two Poisson counts, normal approximation)."""
        total = self.count + self.before
        return total >= FEW and abs(self.more) > BY_CHANCE * sqrt(total)

    @property
    def words(self) -> str:
        """In words: “12 more than before”."""
        if not self.more:
            return "as many as before" if self.count else "none before either"
        return f"{abs(self.more):,} {'more' if self.more > 0 else 'fewer'} than before"
