"""Whether two samples of times can be told apart: two tests that know no shape, and what shift they would have seen."""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence

SURE = 0.05  # of a false alarm, for all comparisons together
POWER = 0.9
TRIES = 40
SHIFTS_US = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def mann_whitney(ones: Sequence[float], others: Sequence[float]) -> float:
    """The two-sided p-value of “neither tends to be larger”, by the normal approximation, ties counted."""
    both = sorted([*ones, *others])
    ranks: dict[float, float] = {}
    ties, at = 0.0, 0
    while at < len(both):
        end = bisect_right(both, both[at], at)
        ranks[both[at]] = (at + 1 + end) / 2
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(ones), len(others)
    larger = sum(ranks[value] for value in ones) - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))))
    return math.erfc(abs(larger - n * m / 2) / spread / math.sqrt(2)) if spread else 1.0


def kolmogorov_smirnov(ones: Sequence[float], others: Sequence[float]) -> float:
    """The p-value of “both have one distribution”, by the largest gap between the two and its limiting law."""
    ones, others = sorted(ones), sorted(others)
    n, m = len(ones), len(others)
    gap = max(abs(bisect_right(ones, at) / n - bisect_right(others, at) / m) for at in [*ones, *others])
    scaled = gap * (math.sqrt(n * m / (n + m)) + 0.12 + 0.11 / math.sqrt(n * m / (n + m)))
    if scaled < 0.2:  # where the series does not converge, and the answer is 1
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * sum(terms)))


def holm(found: dict[str, float]) -> dict[str, float]:
    """The p-values of several comparisons, corrected for their number (Holm)."""
    corrected: dict[str, float] = {}
    least = 0.0
    for place, name in enumerate(sorted(found, key=lambda name: found[name])):
        least = max(least, min(1.0, found[name] * (len(found) - place)))
        corrected[name] = least
    return corrected


def smallest_seen(times: Sequence[float], comparisons: int, dice: random.Random) -> float:
    """The smallest shift, in seconds, that nine of ten such pairs of samples would have shown; infinity for none.

    Tried on the times themselves: two samples drawn from them, one of them later by the shift.
    """
    for shift_us in SHIFTS_US:
        seen = 0
        for _ in range(TRIES):
            ones = dice.choices(times, k=len(times))
            others = [time + shift_us / 1e6 for time in dice.choices(times, k=len(times))]
            seen += mann_whitney(ones, others) < SURE / comparisons
        if seen >= POWER * TRIES:
            return shift_us / 1e6
    return math.inf
