"""Whether the time of an answer tells what an address is: new, pending, confirmed or suppressed (design.md, law 4).

REQUESTS of each kind, in an order drawn by lot, one after the other over one connection, with all of the Procfile that
has a part in it at work. Then two tests, Mann–Whitney and Kolmogorov–Smirnov, corrected for all six comparisons.
"""

import http.client
import random
import socket
import time
from statistics import median
from urllib.parse import parse_qs, urlsplit

from bench import crew, crowd, likeness, strangers, web
from bench.load import post
from bench.rig import Rig
from bench.table import Row, number
from bench.wish import Wish

REQUESTS = 2_000
KINDS = ("new", "pending", "confirmed", "suppressed")
SEED = 461
# One shape for all, so that nothing but the row behind it differs.
ADDRESS = "{:08x}@equal.example.org"
_FOLK = """
INSERT INTO subscriber (email, address_hash, first_name, time_zone, state, pace, source, utm, created_at, confirmed_at)
VALUES (%s, %s, '', '', %s, 'all', '', '{}', now() - interval '1 year', %s)
"""
_SUPPRESSED = "INSERT INTO suppression (address_hash, reason, created_at) VALUES (%s, 'complaint', now())"


def measure(rig: Rig, wish: Wish) -> list[Row]:
    each = min(wish.count(REQUESTS), REQUESTS)
    crowd.fresh(rig.database, 1000)
    rig.database.execute("TRUNCATE suppression")
    drawn = _drawn(each)
    _settle_in(rig, drawn)
    with crew.celery(rig, 1, 4, "urgent"), web.served(rig):
        rig.rest()
        asker = _Asker(rig)
        posts, resends = asker.sign_ups(drawn), asker.resends(drawn)
    rows = _rows("sign-up", "the answer to a sign-up", posts) + _rows("resend", "to “send the mail again”", resends)
    for row in rows:
        row.people, row.small = each, each < REQUESTS
    return rows


def _drawn(each: int) -> list[tuple[str, str]]:
    """(kind, address) of every request, in the order of a lot."""
    dice = random.Random(SEED)
    kinds = [kind for kind in KINDS for _ in range(each)]
    dice.shuffle(kinds)
    return [(kind, ADDRESS.format(dice.getrandbits(32))) for kind in kinds]


def _settle_in(rig: Rig, drawn: list[tuple[str, str]]) -> None:
    from funnel import tokens
    from funnel.db import utc_now

    with rig.database.cursor() as cursor:
        for kind, address in drawn:
            marked = tokens.address_hash(address)
            if kind in {"pending", "confirmed"}:
                state = {"pending": "pending", "confirmed": "active"}[kind]
                cursor.execute(_FOLK, (address, marked, state, utc_now() if kind == "confirmed" else None))
            elif kind == "suppressed":
                cursor.execute(_SUPPRESSED, (marked,))
    rig.database.execute("VACUUM ANALYZE")


class _Asker:
    """One stranger with a stopwatch."""

    def __init__(self, rig: Rig) -> None:
        self.host = rig.environ["BASE_URL"].partition("//")[2]
        self.forms = strangers.form_tokens(rig.database)
        name, _, port = self.host.partition(":")
        self.socket = socket.create_connection((name, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.turn = 0
        self.tickets: dict[str, tuple[str, str]] = {}  # of each address: the form, and what the page of thanks sends on

    def sign_ups(self, drawn: list[tuple[str, str]]) -> dict[str, list[float]]:
        def form(turn: int, address: str) -> tuple[str, dict[str, str]]:
            slug, token = self.forms[turn % len(self.forms)]
            typed = {"token": token, "timezone": "Europe/London", "email": address, "first_name": "Ada"}
            return f"/f/{slug}", typed

        return self._timed(drawn, form)

    def resends(self, drawn: list[tuple[str, str]]) -> dict[str, list[float]]:
        def form(_: int, address: str) -> tuple[str, dict[str, str]]:
            path, ticket = self.tickets[address]
            return f"{path}/resend", {"token": ticket}

        return self._timed(drawn, form)

    def _timed(self, drawn: list[tuple[str, str]], form) -> dict[str, list[float]]:  # type: ignore[no-untyped-def]
        spent: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for turn, (kind, address) in enumerate(drawn):
            path, typed = form(turn, address)
            took, onward = self._ask(path, typed)
            spent[kind].append(took)
            ticket = parse_qs(urlsplit(onward).query)["t"][0]
            self.tickets.setdefault(address, (path, ticket))
        return spent

    def _ask(self, path: str, typed: dict[str, str]) -> tuple[float, str]:
        """Seconds it took, and where it leads."""
        self.turn += 1
        request = post(self.host, path, strangers.network(self.turn), typed).encode()
        began = time.perf_counter()
        self.socket.sendall(request)  # at once: two packets would wait for each other
        answer = http.client.HTTPResponse(self.socket)
        answer.begin()
        said = answer.read()
        took = time.perf_counter() - began
        if answer.status != 303:
            raise RuntimeError(f"{path} was answered with {answer.status}: {said[:500]!r}")
        return took, answer.headers["Location"]


def _rows(name: str, what: str, spent: dict[str, list[float]]) -> list[Row]:
    others = KINDS[1:]
    tests = {"Mann–Whitney": likeness.mann_whitney, "Kolmogorov–Smirnov": likeness.kolmogorov_smirnov}
    found = likeness.holm({f"{said}: {kind}": test(spent["new"], spent[kind])
                           for said, test in tests.items() for kind in others})  # fmt: skip
    seen = likeness.smallest_seen(spent["new"], len(found), random.Random(SEED))
    rows = []
    for kind in others:
        row = Row(f"equal-{name}-{kind}", f"{what}, half within: {kind} addresses", "ms", [median(spent[kind]) * 1000],
                  "new addresses", [median(spent["new"]) * 1000])  # fmt: skip
        p = {said: found[f"{said}: {kind}"] for said in tests}
        verdict = "told apart" if min(p.values()) < likeness.SURE else "not told apart"
        told = "; ".join(f"{said}: p = {value:.2g}" for said, value in p.items())
        row.notes.append(f"{told} ({verdict} by {len(spent[kind]):,} requests of each)")
        row.facts["p"] = p
        rows.append(row)
    rows[0].notes.append(f"a shift of {number(seen * 1e6)} µs would have been seen in nine of ten such runs")
    return rows
