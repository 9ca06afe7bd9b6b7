"""Whether the pages that a mail's links lead to are there: looked at politely by a worker, and remembered for a day.

Never in a request's own time, and never inside a network that is not public: each host is resolved first and the
connection goes to that very address, after redirects too, so that no name can lead to a machine of ours. A page that
refuses machines, or a server that is away, is not dead: nobody could look.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from funnel import shelf
from funnel.config import settings
from funnel.relay import is_private

REMEMBERED_S = 24 * 60 * 60
ASKED_FOR_S = 2 * 60  # a wish that no worker took up in that time is forgotten
AT_ONCE = 4  # links looked at side by side
TIMEOUT_S = 5.0  # for each answer
LONGEST_S = 12.0  # for one link with its redirects
MOST_REDIRECTS = 5
MOST_ASKED = 50  # links of one text: nobody is to knock at a thousand doors through us
HEAP = "links to look at"

ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
# Some servers know no HEAD, and say so in one of many ways: only a GET tells.
ASK_AGAIN = (*ABSENT, HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, 501)

Permitted = Callable[[str], bool]


class State(StrEnum):
    THERE = "there"
    DEAD = "dead"
    UNSURE = "unsure"  # could not be looked at
    WAITING = "waiting"  # asked for, and not looked at yet


@dataclass(frozen=True)
class Seen:
    """What was found at an address; `words` say why, where it is not simply there."""

    state: State
    words: str = ""


class _NotPublicError(OSError):
    """The host's address is inside a network that is not public."""


def known(urls: Collection[str]) -> dict[str, Seen]:
    """What is known of these addresses, from the last day. Raises shelf.AwayError."""
    found = shelf.found([_name(url) for url in urls])
    return {url: Seen(State(kept["state"]), kept["words"]) for url in urls if (kept := found.get(_name(url)))}


def progress(urls: Collection[str]) -> tuple[int, int]:
    """How many addresses there are, and how many of them wait for a look; none is said to wait with Redis away."""
    try:
        seen = known(urls)
    except shelf.AwayError:
        return len(urls), 0
    return len(urls), sum(one.state is State.WAITING for one in seen.values())


def ask(urls: Collection[str]) -> None:
    """Wishes for a look at each of the first MOST_ASKED; `look_at_some` takes it up. Raises shelf.AwayError."""
    urls = list(urls)[:MOST_ASKED]
    if urls:
        shelf.keep({_name(url): asdict(Seen(State.WAITING)) for url in urls}, ASKED_FOR_S)
        shelf.add(HEAP, urls, ASKED_FOR_S)


def look_at_some() -> bool:
    """Looks at a few of those asked for; whether there were any. Raises shelf.AwayError."""
    urls = shelf.take(HEAP, AT_ONCE)
    if urls:
        with ThreadPoolExecutor(AT_ONCE) as hands:
            for url, seen in zip(urls, hands.map(look, urls), strict=True):
                shelf.keep({_name(url): asdict(seen)}, REMEMBERED_S)
    return bool(urls)


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet."""
    return not is_private(address)


def look(url: str, permitted: Permitted = is_public) -> Seen:
    """Asks for the page at `url`, following redirects, without reading it. `permitted`: which IP addresses may be."""
    until = time.monotonic() + LONGEST_S
    try:
        for _ in range(MOST_REDIRECTS + 1):
            status, leads_to = _answer(url, permitted, until)
            if not leads_to:
                return _seen(status)
            if time.monotonic() > until:
                return Seen(State.UNSURE, "it leads on and on")
            url = urljoin(url, leads_to)
    except _NotPublicError:
        return Seen(State.UNSURE, "it leads into a network that is not public")
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            return Seen(State.DEAD, "there is no such site")
        return Seen(State.UNSURE, "the name of the site could not be looked up")
    except TimeoutError:
        return Seen(State.UNSURE, "the site did not answer in time")
    except ssl.SSLError:
        return Seen(State.UNSURE, "its certificate is not to be trusted")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Seen(State.UNSURE, f"the site gave no answer ({type(error).__name__})")
    return Seen(State.UNSURE, "it leads on and on")


def _seen(status: int) -> Seen:
    if status in ABSENT:
        return Seen(State.DEAD, f"there is no such page ({status})")
    if status < HTTPStatus.BAD_REQUEST:
        return Seen(State.THERE)
    return Seen(State.UNSURE, f"the site answers a machine with {status}")


def _answer(url: str, permitted: Permitted, until: float) -> tuple[int, str]:
    """The status of the page at `url`, and where it leads on to, if it does."""
    status, leads_to = _asked("HEAD", url, permitted, until)
    return _asked("GET", url, permitted, until) if status in ASK_AGAIN else (status, leads_to)


def _asked(method: str, url: str, permitted: Permitted, until: float) -> tuple[int, str]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("no web address")
    connection = _connection(parts, _resolved(parts, permitted))
    # A time limit of the socket's holds for each read: who sends a byte now and then would hold a worker for hours.
    end = threading.Timer(max(until - time.monotonic(), 0.1), _cut, [connection.sock])
    end.start()
    try:
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
        agent = f"Funnel (looks whether a link still works; {settings().base_url})"
        connection.request(method, path, headers={"User-Agent": agent, "Accept": "*/*", "Connection": "close"})
        answer = connection.getresponse()
        redirects = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        return answer.status, (answer.getheader("Location") or "") if redirects else ""
    finally:
        end.cancel()
        connection.close()


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _resolved(parts: SplitResult, permitted: Permitted) -> tuple[str, int]:
    """The address to connect to. Raises _NotPublicError when any of the host's may not be."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    if not all(permitted(address) for address in addresses):
        raise _NotPublicError
    return addresses[0], port


def _connection(parts: SplitResult, to: tuple[str, int]) -> http.client.HTTPConnection:
    """A connection to that very address, which greets the host by its name."""
    host = str(parts.hostname)
    connection = http.client.HTTPConnection(host, to[1], timeout=TIMEOUT_S)
    line = socket.create_connection(to, TIMEOUT_S)
    try:
        secret = (
            ssl.create_default_context().wrap_socket(line, server_hostname=host) if parts.scheme == "https" else line
        )
    except BaseException:
        line.close()
        raise
    connection.sock = secret
    connection.default_port = 443 if parts.scheme == "https" else 80  # goes without saying in Host
    return connection


def _name(url: str) -> str:
    return f"link:{blake2b(url.encode(), digest_size=16).hexdigest()}"
