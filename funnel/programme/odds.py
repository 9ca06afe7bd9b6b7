"""Odds: how probable it is that one of two rates is the greater, after what was seen of both.

Each true rate is taken to be anything from 0 to 1 alike before, so that it has a beta distribution after. The
probability is summed exactly (E. Miller, "Formulas for Bayesian A/B testing"), and no approximation for small numbers.
"""

from math import exp, lgamma, log


def better(a_count: int, a_of: int, b_count: int, b_of: int) -> float:
    """How probable it is that the rate behind `b_count` of `b_of` is greater than the one behind `a_count` of `a_of`.

    0.5 where nothing is known of either. Raises ValueError for what is no rate.
    """
    for count, of in ((a_count, a_of), (b_count, b_of)):
        if not 0 <= count <= of:
            raise ValueError(f"{count} of {of} is no rate")
    a, a_not, b, b_not = a_count + 1, a_of - a_count + 1, b_count + 1, b_of - b_count + 1
    total = 0.0
    for i in range(b):
        total += exp(_beta(a + i, a_not + b_not) - log(b_not + i) - _beta(1 + i, b_not) - _beta(a, a_not))
    return min(1.0, max(0.0, total))


def _beta(one: float, other: float) -> float:
    """The logarithm of the beta function."""
    return lgamma(one) + lgamma(other) - lgamma(one + other)
