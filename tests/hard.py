"""Names and words that are hard on a mail."""

from hypothesis import example
from hypothesis import strategies as st

# Anything that the door lets through, and in bodies also what it does not.
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)
SIGNS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
HARD = [
    "", " ", "  Ada  ", ".", "..", "=", "==", "=?utf-8?q?a=0D=0ABcc:_x@example.org?=", "=?", "From me", "a" * 300,
    "😀" * 60, "שלום " * 40, "مرحبا", "é" * 200, "e\u0301" * 100, "a\u202eb", "<b>&amp;\"'", "{{ first_name }}",
    "x" * 76, "x" * 75 + ".", "ab cd " * 60, "\u200d\u200f", "-- ", "--=_", "\ufeff", "𝒜𝒹𝒶",
]  # fmt: skip


def hard(test):
    for name in HARD:
        test = example(name)(test)
    return test
