"""A confirmation mail, from the sign-up's POST to its acceptance, while a newsletter is being sent and while none is.

Everything of the Procfile runs, on the cores that the database, the sink and the strangers share.
"""

import time
from functools import partial
from math import ceil
from statistics import median

from bench import crew, crowd, issue
from bench.crew import Crew
from bench.prober import DOMAIN
from bench.program import Program
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row, number
from bench.wish import Wish

PEOPLE = 300_000  # long enough a send for some hundred sign-ups
FORMS = 6  # a form lets 60 confirmations a minute leave
RATE = 3.0  # a sign-up costs far more than a mail: more of them would be what is measured
QUIET_S = 20.0
ARRIVE_S = 30.0
START_TIMEOUT_S = 60.0
LIMIT, AIM = "2 s", "0.5 s"


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    forms = crowd.forms(rig.database, FORMS)
    with crew.celery(rig, 2, 4, "web", "urgent") as hands:
        prober = _prober(rig, forms)
        sides = {"quiet": partial(quiet, rig, prober), "during": partial(during, rig, hands, prober)}
        found = interleaved("confirmation", wish.rounds, sides)
    p99, before = [_p99(run) for run in found["during"]], [_p99(run) for run in found["quiet"]]
    every = [spent for run in found["during"] for spent in run]
    row = Row(
        "confirmation", "confirmation during a newsletter, POST to accepted: 99 of 100 within", "s", p99,
        "the same with no newsletter", before, LIMIT, AIM, people=people, small=wish.is_small(PEOPLE),
        notes=[f"{len(every)} sign-ups, {RATE:g} a second; half of them within {number(median(every))} s (with no "
               f"newsletter {number(median([spent for run in found['quiet'] for spent in run]))} s), the slowest "
               f"{number(max(every))} s"],
    )  # fmt: skip
    return [row]


def quiet(rig: Rig, prober: Program) -> list[float]:
    crowd.forget_mails(rig.database)
    rig.sink.ask("reset", watch=DOMAIN)
    prober.ask("probe", rate=RATE)
    time.sleep(QUIET_S)
    return _latencies(rig, prober)


def during(rig: Rig, hands: Crew, prober: Program) -> list[float]:
    """Seconds of each sign-up made between the first and the last mail of a newsletter."""
    crowd.forget_mails(rig.database)
    number_of = issue.draft()
    rig.rest()
    rig.sink.ask("reset", watch=DOMAIN)
    prober.ask("probe", rate=RATE)
    people = issue.plan(number_of, hands.nudge)
    rig.wait_until_taken(people, hands.says)
    found = _latencies(rig, prober)
    rig.wait_until_recorded(hands.says)
    return found


def _latencies(rig: Rig, prober: Program) -> list[float]:
    asked = prober.ask("stop")["asked"]
    deadline = time.monotonic() + ARRIVE_S
    while not {address for address, _ in asked} <= rig.sink.ask("report")["watched"].keys():
        if time.monotonic() > deadline:
            raise TimeoutError(f"confirmations did not arrive within {ARRIVE_S:g} s.\n{rig.said('urgent')}")
        time.sleep(0.1)
    arrived = rig.sink.ask("report")["watched"]
    return [arrived[address] - began for address, began in asked]


def _p99(spent: list[float]) -> float:
    return sorted(spent)[ceil(len(spent) * 0.99) - 1]


def _prober(rig: Rig, forms: list[str]) -> Program:
    from bench.readers import Site

    site, deadline = Site(rig.environ["BASE_URL"]), time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            if site.ask("GET", "/health", "127.0.0.1")[0] == 200:
                break
        except OSError:
            pass  # nobody listens yet
        if time.monotonic() > deadline:
            raise TimeoutError(f"the web process did not start.\n{rig.said('web')}")
        time.sleep(0.2)
    return rig.program("bench.prober", rig.environ["BASE_URL"], *forms).wait_until_ready()
