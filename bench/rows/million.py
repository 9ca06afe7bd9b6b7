"""A million mails, once: whether rate and memory stay as they are, as a picture."""

from itertools import pairwise

from bench import crowd, picture, sizes
from bench.campaign import LIGHT, by_processes
from bench.rig import Rig
from bench.sending import Sent
from bench.table import Row, number
from bench.wish import Wish

PEOPLE = 1_000_000
WORKERS = 2
PICTURE = "million.svg"
POINTS = 120  # more would not be seen


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    sent = by_processes(rig, WORKERS, LIGHT)
    rates, memory = _rates(sent), [(at - sent.began, rss) for at, rss, _ in sent.memory.samples]
    wish.folder.mkdir(parents=True, exist_ok=True)
    (wish.folder / PICTURE).write_text(
        picture.drawn(f"A newsletter to {people:,} people", [
            picture.Panel("mails a second, accepted", rates),
            picture.Panel("memory of the larger sending process, MB", memory),
        ]))  # fmt: skip
    thirds = [_mean(rates, part) for part in range(3)]
    return [
        Row(
            "million", f"{people:,} mails by {WORKERS} sending processes, once: first to last accepted", "mails/s",
            [sent.rate], people=people, small=people < PEOPLE,
            notes=[f"{', '.join(number(rate) for rate in thirds)} mails/s in its first, second and last third; memory "
                   f"at most {number(sent.memory.peak_rss)} MB a process; {number(sent.whole_rate)} mails/s from the "
                   f"command to the last row recorded"],
            facts={"sizes": sizes.of_mails(rig.database, people), "wal": sent.wal_a_mail, "picture": PICTURE},
        )
    ]  # fmt: skip


def _rates(sent: Sent) -> list[tuple[float, float]]:
    every = max(len(sent.series) // POINTS, 1)
    kept = sent.series[::every]
    return [
        (later[0] - sent.began, (later[1] - earlier[1]) / (later[0] - earlier[0])) for earlier, later in pairwise(kept)
    ]


def _mean(rates: list[tuple[float, float]], part: int) -> float:
    third = max(len(rates) // 3, 1)
    found = [rate for _, rate in rates[part * third : (part + 1) * third]]
    return sum(found) / len(found) if found else 0.0
