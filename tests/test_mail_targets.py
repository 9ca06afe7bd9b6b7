"""Whether the pages behind links are there: looked at politely, from a worker, and never inside our own network."""

import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from funnel import shelf
from funnel.mail import targets
from funnel.mail.targets import State
from tasks.links import look as look_task


class Site(BaseHTTPRequestHandler):
    asked: list[tuple[str, str]] = []

    def do_HEAD(self):
        type(self).asked.append((self.command, self.path))
        if self.path.startswith("/no-head") and self.command == "HEAD":
            return self.say(405)
        ways = {"/there": 200, "/gone": 410, "/nothing": 404, "/shy": 429, "/no-head": 200}
        if self.path in ways:
            return self.say(ways[self.path])
        return self.say(302, {"/on": "/there", "/inside": "http://10.0.0.1/", "/round": "/round"}[self.path])

    do_GET = do_HEAD  # noqa: N815 (as the server calls it)

    def say(self, status, to=""):
        self.send_response(status)
        if to:
            self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def site():
    Site.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def only_here(address):
    return address == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "state", "words"),
    [
        ("/there", State.THERE, ""),
        ("/on", State.THERE, ""),
        ("/no-head", State.THERE, ""),
        ("/nothing", State.DEAD, "there is no such page (404)"),
        ("/gone", State.DEAD, "there is no such page (410)"),
        ("/shy", State.UNSURE, "the site answers a machine with 429"),
        ("/round", State.UNSURE, "it leads on and on"),
        ("/inside", State.UNSURE, "it leads into a network that is not public"),
    ],
)
def test_what_is_found_behind_a_link(site, path, state, words):
    assert targets.look(site + path, only_here) == targets.Seen(state, words)


def test_a_page_is_asked_for_without_being_read_and_so_seldom_as_can_be(site):
    targets.look(f"{site}/there", only_here)
    targets.look(f"{site}/nothing", only_here)
    targets.look(f"{site}/round", only_here)

    assert Counter(Site.asked) == {
        ("HEAD", "/there"): 1,
        ("HEAD", "/nothing"): 1,
        ("GET", "/nothing"): 1,
        ("HEAD", "/round"): targets.MOST_REDIRECTS + 1,
    }


def test_nothing_inside_our_own_network_is_ever_connected_to(site):
    assert targets.look(f"{site}/there").words == "it leads into a network that is not public"
    assert Site.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("::1", False),
        ("169.254.169.254", False), ("::ffff:10.0.0.1", False), ("fe80::1%eth0", False), ("224.0.0.1", False),
        ("100.64.0.1", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address, public):
    assert targets.is_public(address) is public


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no name"), State.DEAD),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), State.UNSURE),
        (TimeoutError(), State.UNSURE),
        (ConnectionRefusedError(), State.UNSURE),
    ],
)
def test_a_site_that_is_away_is_not_dead_but_one_without_a_name_is(monkeypatch, error, state):
    def refuses(*_, **__):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", refuses)
    assert targets.look("https://example.org/").state == state


def test_a_certificate_that_is_none_is_not_trusted(site):
    assert targets.look(site.replace("http:", "https:"), only_here).state == State.UNSURE
    assert targets.look("ftp://example.org/x").state == State.UNSURE


def test_a_worker_looks_at_what_was_asked_for_and_it_is_remembered(clean, monkeypatch):
    urls = [f"https://example.org/{number}" for number in range(targets.AT_ONCE + 2)]
    monkeypatch.setattr(targets, "look", lambda url: targets.Seen(State.THERE, url[-1]))
    targets.ask(urls)
    assert targets.progress(urls) == (6, 6)

    look_task()
    assert targets.progress(urls) == (6, 2)
    look_task()
    look_task()  # there is nothing left

    assert targets.known([*urls, "https://example.org/other"]) == {
        url: targets.Seen(State.THERE, url[-1]) for url in urls
    }


def test_with_redis_away_nothing_is_looked_at_and_that_is_no_fault(clean, frozen_redis):
    with pytest.raises(shelf.AwayError):
        targets.ask(["https://example.org/"])
    with pytest.raises(shelf.AwayError):
        shelf.found(["a name"])
    assert targets.progress(["https://example.org/"]) == (1, 0)
    look_task()
