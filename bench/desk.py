"""The owner's desk: signed in like a browser, and the addresses of every page there is, with values that exist."""

import http.cookiejar
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

import psycopg
from werkzeug.routing import Map, Rule

EMAIL, PASSWORD = "owner@example.org", "quiet river under oaks"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
SAMPLE = 50
MOST_S = 20  # seconds
TOO_LONG = f"over {MOST_S} s"
DOWNLOADS = {"home.sheet_of", "behind.table"}  # a whole list is no page
# Where the rows are that an argument of a route names; `enrolment_id` stands beside its person's.
TABLES = {"person_id": "subscriber", "course_id": "sequence", "text_id": "post"}
WORDS = {
    "what": ["signed-up", "confirmed", "booked"],
    "which": ["all"],
    "week_of": ["next"],
    "how": ["unsubscribe"],
    "verdict": ["here"],
    "noun": ["posts"],
}
# What is asked of the long lists, besides their first page.
ASKED = {
    "home.index": ["days=7", "days=90", "days=year", "days=all", "days=all&source=instagram"],
    "behind.show": ["days=7", "days=year", "days=all", "days=all&page=1000"],
    "figures.people": ["which=clicked", "which=booked", "which=waiting", "which=never", "which=sent&page=1000"],
    "lately.index": ["kind=booking", "kind=bounce"],
    "messages.index": [f"state={state}" for state in ("sent", "skipped", "failed", "unknown", "queued", "deferred")]
    + ["page=2", "page=1000"],
    "entrances.index": ["days=all"],
    "people.index": [
        "q=ada", "q=ada.c4", "q=zzzz", "q=gmail", "state=unsubscribed", "state=pending", "state=erased",
        "source=instagram", "source=instagram&state=complained",
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A page with one question: the addresses at which it is asked, all alike."""

    endpoint: str
    shown: str
    addresses: tuple[str, ...]


class Desk:
    """One owner's browser."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        page = self.opener.open(f"{base_url}/owner/sign-in").read().decode()
        found = TOKEN.search(page)
        assert found, "the sign-in has no token"
        typed = {"csrf_token": found[1], "email": EMAIL, "password": PASSWORD}
        answer = self.opener.open(f"{base_url}/owner/sign-in", urllib.parse.urlencode(typed).encode())
        assert not answer.url.endswith("/sign-in"), answer.read().decode()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{one.name}={one.value}" for one in self.jar)

    def ask(self, path: str) -> tuple[str, float]:
        """What came of it ("200", "404", TOO_LONG, or where it led), and after how many milliseconds."""
        began = time.perf_counter()
        try:
            with self.opener.open(self.base_url + path, timeout=MOST_S) as answer:
                answer.read()
                told = "200" if urllib.parse.urlsplit(answer.url).path == path.partition("?")[0] else answer.url
        except urllib.error.HTTPError as error:
            told = str(error.code)
        except TimeoutError:
            told = TOO_LONG
        return told, (time.perf_counter() - began) * 1000


def places(routes: Map, database: psycopg.Connection[tuple[object, ...]]) -> list[Place]:
    """Every page of the owner's; those without any row to show are left out."""
    found = []
    adapter = routes.bind("localhost")
    for rule in sorted(routes.iter_rules(), key=str):
        if not rule.rule.startswith("/owner") or "GET" not in (rule.methods or ()):
            continue
        if rule.endpoint in DOWNLOADS or rule.rule.endswith(".csv"):
            continue
        paths = tuple(adapter.build(rule.endpoint, values) for values in _values(rule, database))
        if paths:
            found.append(Place(rule.endpoint, _shown(rule), paths))
        found += [
            Place(rule.endpoint, f"{_shown(rule)}?{asked}", tuple(f"{path}?{asked}" for path in paths))
            for asked in ASKED.get(rule.endpoint, ())
        ]
    return found


def _values(rule: Rule, database: psycopg.Connection[tuple[object, ...]]) -> list[dict[str, object]]:
    if not rule.arguments:
        return [{}]
    if "enrolment_id" in rule.arguments:
        rows = database.execute(
            "SELECT subscriber_id, id FROM enrolment WHERE state = 'active' LIMIT %s", [SAMPLE]
        ).fetchall()
        return [{"person_id": person, "enrolment_id": number} for person, number in rows]
    columns = {name: _some(name, database) for name in rule.arguments}
    count = SAMPLE if all(columns.values()) else 0
    return [{name: random.choice(values) for name, values in columns.items()} for _ in range(count)]


def _some(name: str, database: psycopg.Connection[tuple[object, ...]]) -> list[object]:
    if name in WORDS:
        return list(WORDS[name])
    table = TABLES.get(name, "step" if name == "name" else name.removesuffix("_id"))
    if database.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
        return []
    still = " WHERE state NOT IN ('erased', 'pending')" if table == "subscriber" else ""
    rows = database.execute(f"SELECT id FROM {table}{still} ORDER BY hashint8(id) LIMIT {SAMPLE}").fetchall()
    return [number for (number,) in rows]


def _shown(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"‹\1›", rule.rule).replace("_id›", "›")
