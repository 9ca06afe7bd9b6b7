"""What most people ask of us at the same moment, answered before Flask makes a request of it.

After a newsletter that is its links; under a post that many read, its form. Headers and words are those of the pages,
by the same functions. Whatever is not quite usual goes on to them: an odd token or method, a personal link or one that
this process has not followed yet, a form with something to say about.
"""

import functools
import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from funnel import logs
from funnel.db import utc_now
from funnel.tokens import BadToken
from funnel.web import edge, guard, links, visits
from funnel.web.guard import Answer
from funnel.web.pages import discreet, usual

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REMEMBERED = 1_000  # answers, of a kilobyte each

log = logging.getLogger(__name__)
_PATH = re.compile(r"/go/([A-Za-z0-9_-]+)")


class Shortcut:
    """`app`, with a short way for tracked links and usual sign-ups."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        logs.ref.set("-")  # what is said of many at once is said of none of them
        try:
            found = _answer(environ)
        except Exception:  # the page may do better, and has kind words; who signs up twice is mailed once
            log.exception("the short way failed")
            found = None
        if found is None:
            return self._app(environ, start_response)
        status, headers, body = found
        start_response(status, [*headers, (guard.NAME, edge.name())])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _answer(environ: "WSGIEnvironment") -> Answer | None:
    if "HTTP_UPGRADE" in environ or environ["wsgi.url_scheme"] not in {"http", "https"}:
        return None
    return _led_on(environ) if environ["REQUEST_METHOD"] in {"GET", "HEAD"} else usual.answer(environ)


def _led_on(environ: "WSGIEnvironment") -> Answer | None:
    """The answer to who follows a link."""
    found = _PATH.fullmatch(environ.get("PATH_INFO", ""))
    if not found:
        return None
    head, agent = environ["REQUEST_METHOD"] == "HEAD", edge.agent(environ.get("HTTP_USER_AGENT", ""))
    try:
        target = visits.follow_known(found[1], head=head, agent=agent, now=utc_now())
    except BadToken:
        return None
    return _leading_on(target, environ["wsgi.url_scheme"]) if target else None


@functools.lru_cache(maxsize=REMEMBERED)
def _leading_on(target: str, scheme: str) -> Answer:
    answer = discreet.keep_quiet(links.leading_on(target))
    guard.add(answer.headers, guard.POLICY, https=scheme == "https")
    return guard.whole(answer)
