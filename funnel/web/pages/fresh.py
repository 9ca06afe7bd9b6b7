"""Pages that are asked for again and again: sent once, and then only when they have changed."""

import hashlib
from datetime import datetime

from flask import Response, request

WITH_A_FORM = "%Y-%m-%dT%H"  # a form's token is good for a day: a page that holds one, for the hour


def answer(page: str, now: datetime, token: str = "") -> Response:
    """`page`, or that the reader's copy is as good. `token`: what in it is another at every look."""
    told = page.replace(token, now.strftime(WITH_A_FORM)) if token else page
    return same_or(Response(page, mimetype="text/html"), told)


def same_or(response: Response, told: str) -> Response:
    """The response, or 304 to somebody who has it already: one in which the same is `told`."""
    response.set_etag(hashlib.blake2b(told.encode(), digest_size=12).hexdigest())
    response.headers.setdefault("Cache-Control", "no-cache")  # that is: ask whether it is still so
    response.make_conditional(request)
    return response
