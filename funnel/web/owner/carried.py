"""What somebody was about to save when their session had ended, carried through the sign-in so that no text is lost.

It travels in hidden fields of the sign-in's own forms: nothing is kept on the server for somebody who is not signed in.
Never among it: passwords, one-time codes, the page's token, files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from funnel.config import settings

PATH = "kept_path"
FIELD = "kept:"  # before the name of each field carried
MOST_BYTES = 180_000  # of a posted form; some room is left for what the sign-in adds (LARGEST_POST_BYTES)
LONG = 60  # signs from which on a text is shown, so that it can be copied too


@dataclass(frozen=True)
class Carried:
    """A form that was posted to `path`, one of our pages."""

    path: str
    fields: tuple[tuple[str, str], ...]
    without_files: bool = False  # a file stood in it, which is to be chosen anew

    @property
    def texts(self) -> list[tuple[str, str]]:
        """What was typed at length, under names as people say them."""
        long = [(name, text) for name, text in self.fields if len(text) > LONG or "\n" in text]
        return [(name.replace("_", " ").strip().capitalize(), text) for name, text in long]


def of_request() -> Carried | None:
    """What this request, a form posted to one of our pages, holds; None for nothing, too much, or another site's."""
    if is_too_long() or comes_from_elsewhere():
        return None
    fields = tuple(_worth_keeping(request.form.items(multi=True)))
    if not fields:
        return None
    return Carried(request.full_path.rstrip("?"), fields, bool(request.files))


def is_too_long() -> bool:
    """Whether this request holds more than can be carried."""
    return (request.content_length or 0) > MOST_BYTES


def brought() -> Carried | None:
    """What the posted form of a sign-in brought along."""
    path = request.form.get(PATH, "")
    fields = tuple(_worth_keeping(_ours()))
    if not is_ours(path) or not fields or comes_from_elsewhere():
        return None
    return Carried(path, fields, "kept_files" in request.form)


def is_ours(path: str) -> bool:
    """Whether `path` is one of the owner's pages, and leads nobody away."""
    straight = "\\" not in path and ".." not in path and "%2e" not in path.lower()
    return path.startswith("/owner/") and path.isprintable() and straight


def _ours() -> Iterable[tuple[str, str]]:
    return ((name.removeprefix(FIELD), value) for name, value in request.form.items(multi=True) if FIELD in name[:5])


def _worth_keeping(fields: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in fields:
        if name not in {"csrf_token", "code", PATH} and not name.startswith(FIELD) and "password" not in name:
            yield name, value


def comes_from_elsewhere() -> bool:
    """A page of another site posted it: what it typed is not put before somebody who signs in."""
    origin = request.headers.get("Origin")
    return origin is not None and origin not in {_origin(request.host_url), _origin(settings().base_url)}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
