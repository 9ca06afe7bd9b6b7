"""List bombing: 50,000 sign-ups from 5,000 networks aimed at nine people, and readers who sign up meanwhile.

Everything of the Procfile that has a part in it runs. Half of the flood comes with the token of one more tap, as from a
robot that reads our pages; the other half with that of the form only. Each reader has a network of their own, had the
form open for longer than the time trap, and takes the step that is asked for, if one is.
"""

import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench import crew, crowd, load, strangers, watch, web
from bench.load import Once
from bench.prober import DOMAIN
from bench.readers import HUMAN_PAUSE_S, Fields, Site
from bench.rig import Rig
from bench.table import Row, number
from bench.wish import Wish

FLOOD = 50_000
NETWORKS = 5_000
READERS = 300
LONGEST_S = 1800
SETTLED_WITHIN_S = 900
# Nine mailboxes, each by all its spellings.
VICTIMS = [
    f"{name}@gmail.com" for name in ("adalovelace", "brunomunari", "chiaralubich", "daividjones", "eloisemartin")
]
VICTIMS += [f"{name}@victims.example.org" for name in ("farid", "grace", "hanna", "ines")]
MOST = 5  # mails a month (forms.md)


def measure(rig: Rig, wish: Wish) -> list[Row]:
    if not load.program():
        print(load.HOW_TO_INSTALL)
        return []
    flood = wish.count(FLOOD)
    crowd.fresh(rig.database, 1000)
    rig.sink.ask("reset", watch="@")
    made = load.write(rig.folder / "flood", _flood(rig, flood))
    with crew.celery(rig, 1, 4, "urgent"), web.served(rig) as process:
        attack = Attack(rig, process.pid)
        attack.run(made, min(READERS, flood // 10))
    rows = attack.rows()
    for row in rows:
        row.people, row.small = flood, flood < FLOOD
    return rows


def _flood(rig: Rig, count: int) -> list[str]:
    from funnel.tokens import Purpose, sign
    from funnel.web.pages.step import whose

    host = rig.environ["BASE_URL"].partition("//")[2]
    forms = strangers.form_tokens(rig.database)
    since = int((time.time() - strangers.OPEN_FOR_S) * 1000)
    ids = dict(rig.database.execute("SELECT slug, id FROM form").fetchall())
    found = []
    for at in range(count):
        slug, token = forms[at % len(forms)]
        typed = {"token": token, "email": spelling(at), "first_name": "Ada", "timezone": "Europe/London"}
        network = f"172.{16 + at % NETWORKS // 250}.{at % 250}.7"
        if at % 2:  # each is good once, for its address and network
            typed["step"] = sign(Purpose.STEP, int(str(ids[slug])), since - at, salt=whose(typed["email"], network))
        found.append(load.post(host, f"/f/{slug}", network, typed))
    return found


def spelling(at: int) -> str:
    """A victim's address in one of many ways."""
    local, _, domain = VICTIMS[at % len(VICTIMS)].partition("@")
    turn = at // len(VICTIMS)
    if turn % 3 == 1:
        return f"{local}+{turn}@{domain}"
    if turn % 3 == 2 and domain == "gmail.com":
        bits = turn // 3 % 2 ** (len(local) - 1)
        return "".join(sign + "." * (bits >> place & 1) for place, sign in enumerate(local)).strip(".") + f"@{domain}"
    return f"{local}@{domain}"


def mailbox(address: str) -> str:
    local, _, domain = address.lower().partition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain == 'gmail.com' else local}@{domain}"


class Attack:
    def __init__(self, rig: Rig, web_pid: int) -> None:
        self.rig = rig
        self.site = Site(rig.environ["BASE_URL"])
        self.pids = {"web": web_pid, "urgent": _pid(rig)}
        self.over = threading.Event()
        self.stepped = 0
        self.sizes: list[dict[str, float]] = []

    def run(self, made: Path, readers: int) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor(2) as flooding, ThreadPoolExecutor(16) as hands:
            flooding.submit(self._watch)
            flood: Future[Once] = flooding.submit(load.run_once, self.rig.environ["BASE_URL"], made, LONGEST_S)
            try:
                asked = self._ask(readers, hands)
                self.flood = flood.result()
                self.asked = [one.result() for one in asked]
            finally:
                self.over.set()
        self.flooded_s = time.monotonic() - began
        self.settled_s = self._settled(began)
        self._wait_for_mails()

    def _ask(self, readers: int, hands: ThreadPoolExecutor) -> list[Future[tuple[str, float, float]]]:
        hidden, asked = self._forms(), []
        for at in range(readers):
            asked.append(hands.submit(self._sign_up, at, hidden))
            time.sleep(0.1 + 0.4 * (at % 3 == 0))
        return asked

    def _forms(self) -> dict[str, dict[str, str]]:
        found = {}
        for at in range(strangers.FORMS):
            slug = f"bench-{at + 1}"
            found[slug] = Fields.of(self.site.ask("GET", f"/f/{slug}", strangers.network(at))[1]).hidden
        time.sleep(HUMAN_PAUSE_S)
        return found

    def _sign_up(self, at: int, hidden: dict[str, dict[str, str]]) -> tuple[str, float, float]:
        """Address, when it began, and how long the last answer took. A reader asked for one more step takes it."""
        slug = list(hidden)[at % len(hidden)]
        address, network = f"reader-{at}@{DOMAIN}", strangers.network(1000 + at)
        typed = hidden[slug] | {"email": address, "first_name": "Ada", "timezone": "Europe/London"}
        began = time.monotonic()
        status, page, _ = self.site.ask("POST", f"/f/{slug}", network, typed)
        took = time.monotonic() - began
        if status == 422:
            self.stepped += 1
            time.sleep(HUMAN_PAUSE_S)
            typed |= Fields.of(page).hidden
            status, page, _ = self.site.ask("POST", f"/f/{slug}", network, typed)
        if status != 303:
            raise RuntimeError(f"a reader was answered with {status}: {page[:500]}")
        return address, began, took

    def _settled(self, began: float) -> float:
        while _one(self.rig, "SELECT count(*) FROM sign_up WHERE state = 'new'"):
            if time.monotonic() - began > SETTLED_WITHIN_S:
                raise TimeoutError(f"the backlog was not settled.\n{self.rig.said('urgent')}")
            time.sleep(0.2)
        return time.monotonic() - began

    def _wait_for_mails(self) -> None:
        """Until every confirmation has left, those that wait for a later minute among them."""
        began = time.monotonic()
        while _one(self.rig, "SELECT count(*) FROM queue_entry") and time.monotonic() - began < SETTLED_WITHIN_S:
            time.sleep(0.5)

    def _watch(self) -> None:
        """Notes the memory once a second, for as long as the flood lasts."""
        while not self.over.wait(1):
            self.sizes.append(self._memory())

    def _memory(self) -> dict[str, float]:
        """The largest process of each, in MB."""
        return {
            name: max(psutil.Process(pid).memory_info().rss for pid in watch.family(pid)) / watch.MB
            for name, pid in self.pids.items()
        }

    def rows(self) -> list[Row]:
        taken: dict[str, float] = self.rig.sink.ask("report")["watched"]
        victims = Counter(mailbox(str(email)) for (email,) in self.rig.database.execute(_MAILED).fetchall())
        hit = {victim: victims[victim] for victim in VICTIMS}
        reached = [taken[address] - began for address, began, _ in self.asked if address in taken]
        took = [spent for _, _, spent in self.asked]
        states = self.rig.database.execute(_LEFT).fetchall()
        most = Row("attack-victims", "mails to the one of nine who got most", "mails", [max(hit.values())],
                   limit=f"at most {MOST}", facts={"mails": hit})  # fmt: skip
        sent, seconds = sum(self.flood.statuses.values()), self.flood.seconds
        most.notes += [
            f"{sent:,} sign-ups in {number(seconds)} s ({number(sent / seconds)} a second), answered "
            f"{_told(self.flood.statuses)}; all nine together got {sum(hit.values())} mails",
            f"all were settled {number(self.settled_s - self.flooded_s)} s after the last of them; rows left behind: "
            + ", ".join(f"{count:,} {state} ({reason})" for state, reason, count in states),
        ]
        passed = Row("attack-readers", "readers who had their confirmation all the same", "of 100",
                     [100 * len(reached) / len(self.asked)], limit="99")  # fmt: skip
        passed.notes += [
            f"{len(self.asked)} readers; from POST to accepted {_halves(reached, 1, 's')}",
            f"their POST answered {_halves(took, 1000, 'ms')}; {self.stepped} were asked for one more tap",
        ]
        return [most, passed, *self._grown()]

    def _grown(self) -> list[Row]:
        """How much larger the processes are in the last tenth of the flood than in the third, when they are warm."""
        tenth = len(self.sizes) // 10
        warm, late = self.sizes[2 * tenth : 3 * tenth + 1], self.sizes[-tenth - 1 :]
        return [
            Row(f"attack-memory-{name}", f"memory of a {name} process in the last tenth of it", "MB",
                [median(size[name] for size in late)], "in the third tenth", [median(size[name] for size in warm)])
            for name in self.pids
        ]  # fmt: skip


_MAILED = """
SELECT sign_up.email FROM message JOIN sign_up ON sign_up.id = message.sign_up_id WHERE message.state = 'sent'
"""
_LEFT = "SELECT state, reason, count(*) FROM sign_up GROUP BY 1, 2 ORDER BY 3 DESC"


def _pid(rig: Rig) -> int:
    """Of the urgent worker, which the crew started."""
    for process in psutil.process_iter(["cmdline", "environ"]):
        told: dict[str, Any] = process.info
        if "urgent" in (told["cmdline"] or ()) and (told["environ"] or {}).get("DATABASE_URL") == rig.url:
            return _eldest(process)
    raise RuntimeError(f"no urgent worker runs.\n{rig.said('urgent')}")


def _eldest(process: psutil.Process) -> int:
    """The worker itself, of it and those it forked."""
    parent = process.parent()
    return _eldest(parent) if parent and parent.cmdline() == process.cmdline() else process.pid


def _told(statuses: dict[str, int]) -> str:
    return ", ".join(f"{status} {times:,} times" for status, times in sorted(statuses.items()))


def _halves(spent: list[float], times: float, unit: str) -> str:
    """Of seconds, in `unit`s of which one has so many."""
    p99 = sorted(spent)[ceil(len(spent) * 0.99) - 1]
    return f"half within {number(median(spent) * times)} {unit}, 99 of 100 within {number(p99 * times)} {unit}"


def _one(rig: Rig, statement: str) -> int:
    row = rig.database.execute(statement).fetchone()
    assert row
    return int(str(row[0]))
