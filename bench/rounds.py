"""Rounds: what is compared takes turns, A B A B …, so that whatever else the machine does hits both alike."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from tqdm import tqdm

Found = TypeVar("Found")


def interleaved(row: str, rounds: int, sides: Mapping[str, Callable[[], Found]]) -> dict[str, list[Found]]:
    """What each side came to, a value a round."""
    found: dict[str, list[Found]] = {name: [] for name in sides}
    with tqdm(total=rounds * len(sides), desc=row, unit="run", disable=None, leave=False) as bar:
        for turn in range(rounds):
            for name, side in sides.items():
                bar.set_postfix_str(f"round {turn + 1} of {rounds}: {name}")
                found[name].append(side())
                bar.update()
    return found
