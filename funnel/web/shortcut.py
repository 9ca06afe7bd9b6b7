"""Tracked links, answered before Flask makes a request of them: after a newsletter they are most of what is asked for.

Headers and words are those of the page in `links`, by the same functions. Whatever is not quite usual goes on to it: an
odd token or method, a personal link, one that this process has not followed yet.
"""

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from funnel.db import utc_now
from funnel.tokens import BadToken
from funnel.web import edge, guard, links, visits
from funnel.web.pages import discreet

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REMEMBERED = 1_000  # answers, of a kilobyte each

_PATH = re.compile(r"/go/([A-Za-z0-9_-]+)")


class Shortcut:
    """`app`, with a short way for tracked links."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        token = _token(environ)
        if token is None:
            return self._app(environ, start_response)
        head = environ["REQUEST_METHOD"] == "HEAD"
        agent = edge.agent(environ.get("HTTP_USER_AGENT", ""))
        try:
            target = visits.follow_known(token, head=head, agent=agent, now=utc_now())
        except BadToken:
            target = None
        if target is None:
            return self._app(environ, start_response)
        status, headers, body = _answer(target, environ["wsgi.url_scheme"])
        start_response(status, [*headers, (guard.NAME, edge.name())])
        return [] if head else [body]


def _token(environ: "WSGIEnvironment") -> str | None:
    """The token of a tracked link that is followed in the usual way."""
    found = _PATH.fullmatch(environ.get("PATH_INFO", ""))
    if not found or environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or "HTTP_UPGRADE" in environ:
        return None
    return found[1] if environ["wsgi.url_scheme"] in {"http", "https"} else None


@functools.lru_cache(maxsize=REMEMBERED)
def _answer(target: str, scheme: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status, headers but for the request's name, and body."""
    answer = discreet.keep_quiet(links.leading_on(target))
    guard.add(answer.headers, guard.POLICY, https=scheme == "https")
    body, status, headers = answer.get_wsgi_response({"REQUEST_METHOD": "GET"})
    return status, headers, b"".join(body)
