"""How sure a rate is: the score interval of Wilson (1927, J. Am. Stat. Assoc. 22:209), and holds for small numbers.

Brown, Cai and DasGupta (2001, Statistical Science 16:101) recommend it where the usual one is far off.
"""

from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # the 97.5th percentile of the normal distribution: a band of 95 %
SURE = 1_000  # a rate of so many is said without its band: it is three points wide at the most


@dataclass(frozen=True)
class Rate:
    """`count` of `of`, from 0 to 1, with the band in which the true rate lies 19 times of 20."""

    count: int
    of: int

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def band(self) -> tuple[float, float] | None:
        return interval(self.count, self.of) if self.of else None

    @property
    def is_sure(self) -> bool:
        return self.of >= SURE


def interval(count: int, of: int) -> tuple[float, float]:
    """The lower and the upper end of the band of 95 % around `count` of `of`. Raises ValueError for what is no rate."""
    if not 0 <= count <= of or not of:
        raise ValueError(f"{count} of {of} is no rate")
    share, weight = count / of, Z * Z / of
    middle = (share + weight / 2) / (1 + weight)
    reach = Z / (1 + weight) * sqrt(share * (1 - share) / of + weight / (4 * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)
