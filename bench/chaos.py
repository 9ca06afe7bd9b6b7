"""`make chaos`: processes are killed while thousands of mails leave, and the account must come out even each time.

Each act prints a line. Lost and twice must be 0, and unknown no more than the connections that were open at each kill.
With KEEP=1 the table is written into docs/performance.md.
"""

import argparse
import random
import re
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from bench import acts, acts_celery, machine
from bench.account import Account
from bench.page import PATH
from bench.rig import rig
from bench.stage import Stage

PEOPLE = 20_000
SHORT_PEOPLE = 1_500
HEAD = (
    "what is done", "planned", "accepted", "twice", "unknown", "at most", "explained", "lost", "kills", "other blows",
    "seconds",
)  # fmt: skip

Act = Callable[[Stage, int, int], Account]
# What is done, and how many blows are aimed at; in the short form, if it is in that at all.
ACTS: dict[str, tuple[Act, int, int | None]] = {
    "four": (partial(acts.senders_undisturbed, count=4), 0, None),
    "killed-2": (partial(acts.senders_killed, count=2), 60, 8),
    "killed-4": (partial(acts.senders_killed, count=4), 60, None),
    "rough": (acts.rough_sink, 40, 4),
    "sink": (acts.sink_killed, 25, 3),
    "database": (partial(acts.database_killed, number=signal.SIGKILL), 15, 2),
    "restart": (partial(acts.database_killed, number=signal.SIGINT), 15, None),
    "sigterm": (partial(acts.told_to_stop, twice=False), 60, None),
    "sigterm-twice": (partial(acts.told_to_stop, twice=True), 60, 6),
    "clocks": (acts.clocks_jump, 60, 6),
    "celery": (acts_celery.celery_killed, 50, None),
    "redis": (partial(acts_celery.redis_troubled, rate=1000), 12, None),
    "celery-sigterm": (acts_celery.celery_stopped, 3, None),
    "beats": (acts_celery.three_beats, 0, None),
}
SHORT = tuple(name for name, (_, _, strikes) in ACTS.items() if strikes is not None)


def main() -> int:
    wanted = _wanted()
    random.seed(wanted.seed)
    people = wanted.people or (SHORT_PEOPLE if wanted.short else PEOPLE)
    names = wanted.acts or list(SHORT if wanted.short else ACTS)
    print(f"seed {wanted.seed}, {people:,} mails an act", flush=True)
    accounts: list[Account] = []
    with rig() as made:
        here = machine.described(made.folder, made.version())
        stage = Stage(made)
        for name in names:
            act, *strikes = ACTS[name]
            try:
                accounts.append(act(stage, people, strikes[wanted.short] or 0))
            except TimeoutError as error:
                accounts.append(Account(name, people, lost=people, note=str(error)))
            print(_line(accounts[-1]), flush=True)
    total = _total(accounts)
    print(_line(total))
    if wanted.keep:
        _keep(accounts, total, wanted.seed, here)
    return 0 if all(account.sound for account in accounts) else 1


def _line(one: Account) -> str:
    figures = (
        f"planned {one.planned}", f"accepted {one.accepted}", f"twice {one.twice}",
        f"unknown {one.unknown} of {one.allowed}",
        f"explained {one.explained}", f"lost {one.lost}", f"kills {one.kills}", f"other {one.others}",
        f"{one.seconds:.0f} s", *([f"astray {one.astray}"] if one.astray else []), *([one.note] if one.note else []),
    )  # fmt: skip
    return f"{'sound' if one.sound else 'WRONG'}  {one.what}: {', '.join(figures)}"


def _total(accounts: list[Account]) -> Account:
    counts = (
        "people", "planned", "accepted", "twice", "unknown", "allowed", "explained", "lost", "astray", "kills",
        "others", "seconds",
    )  # fmt: skip
    sums = {name: sum(getattr(account, name) for account in accounts) for name in counts}
    return Account("all of it", **sums, even=all(account.even for account in accounts))


def _keep(accounts: list[Account], total: Account, seed: int, here: dict[str, str]) -> None:
    """Replaces what stands between its marks on the page."""
    rows = [HEAD, ("---", *("---:",) * (len(HEAD) - 1))]
    for one in (*accounts, total):
        what = f"{one.what} ({one.note})" if one.note else one.what
        figures = (
            one.planned, one.accepted, one.twice, one.unknown, one.allowed, one.explained, one.lost, one.kills,
            one.others, round(one.seconds),
        )  # fmt: skip
        rows.append((what, *(f"{figure:,}" for figure in figures)))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    words = f"Measured {time.strftime('%Y-%m-%d')}, seed {seed}, {here['processor']}, {here['programs']}.\n\n{table}\n"
    page = PATH.read_text()
    kept = re.sub(r"(?s)(<!--chaos-->\n).*?(<!--end of chaos-->)", lambda found: f"{found[1]}{words}{found[2]}", page)
    PATH.write_text(kept)


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("acts", nargs="*", metavar="act", help=f"{', '.join(ACTS)}; default: all of them")
    parser.add_argument("--people", type=int, help=f"default {PEOPLE:,}")
    parser.add_argument("--short", action="store_true", help="in less than a minute: fewer acts and people")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the random moments")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/performance.md")
    found = parser.parse_args()
    if unknown := set(found.acts) - set(ACTS):
        parser.error(f"there is no act {min(unknown)}; there are {', '.join(ACTS)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
