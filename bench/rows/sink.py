"""The sink's own measure: how many mails it takes from a client that only writes."""

import subprocess
import sys

from bench.program import ROOT
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row
from bench.wish import Wish

MAILS = 100_000
SIZE = 7_000


def measure(rig: Rig, wish: Wish) -> list[Row]:
    mails = wish.count(MAILS)
    found = interleaved("sink", wish.rounds, {"counting": lambda: take(rig, mails, True),
                                              "not counting": lambda: take(rig, mails, False)})  # fmt: skip
    row = Row(
        "sink", "the sink itself, counting every Message-ID", "mails/s", found["counting"], "not counting them",
        found["not counting"], people=mails, small=wish.is_small(MAILS),
        notes=["mails of 7 kB from a client that writes 32 at once over 4 connections and only counts the answers"],
    )  # fmt: skip
    return [row]


def take(rig: Rig, mails: int, ids: bool) -> float:
    """Mails a second that the sink takes from the blaster."""
    rig.rest()
    rig.sink.ask("reset", ids=ids)
    words = [sys.executable, "-m", "bench.blaster", str(rig.sink.ready["port"]), str(mails), str(SIZE)]
    subprocess.run(words, check=True, cwd=ROOT, stdin=subprocess.DEVNULL)
    saw = rig.sink.ask("report")
    assert saw["mails"] == mails
    assert saw["ids"] == (mails if ids else 0)
    assert not saw["duplicates"]
    return float(mails / saw["seconds"])
