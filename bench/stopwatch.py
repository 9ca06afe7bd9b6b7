"""Where a sending process spends its time: a few functions wrapped from outside, each call timed."""

import functools
import importlib
import time
from collections.abc import Callable
from typing import Any

# What a step is called in the table, and the function that does it. Those of the loop run once a mail, those of the
# database's thread once a batch; what is left of the loop's time is the dialogue and the loop itself.
STEPS = {
    "composing": ("funnel.mail.batch", "Draft.compose"),
    "journal": ("funnel.mail.line", "Line.note"),
    "outcome": ("funnel.mail.line", "Line.ended"),
    "claiming": ("funnel.mail.desk", "Desk.take"),
    "making ready, within claiming": ("funnel.mail.batch", "prepared"),
    "recording": ("funnel.mail.desk", "Desk.record"),
}
LOOP_STEPS = ("composing", "journal", "outcome")


def attach() -> dict[str, list[float]]:
    """Wraps them all; returns each one's calls and seconds, kept up to date. AttributeError: one of them is gone."""
    found: dict[str, list[float]] = {}
    for step, (module, path) in STEPS.items():
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        found[step] = [0, 0.0]
        setattr(owner, name, _timed(getattr(owner, name), found[step]))
    return found


def _timed(done: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    clock = time.perf_counter

    @functools.wraps(done)
    def timed(*args: Any, **named: Any) -> Any:
        began = clock()
        try:
            return done(*args, **named)
        finally:
            spent[1] += clock() - began
            spent[0] += 1

    return timed
