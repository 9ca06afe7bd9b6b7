"""What a reader wishes, read from the button that was pressed and what stands beside it."""

from flask import abort, request

from funnel import languages
from funnel.audience.wishes import Asked, Wish

STOP = "stop"  # leaving is no wish among others: it has a line of consent of its own


def wish(name: str) -> tuple[Wish, Asked]:
    """The wish of this name and what is asked with it. Answers 400 for none of ours, and a language we do not speak."""
    if name not in set(Wish):
        abort(400)
    language = request.form.get("language", "")
    if name == Wish.LANGUAGE and language not in languages.codes():
        abort(400)
    shown = _numbers("shown") if "shown" in request.form else None  # of a page that was opened before it told them
    return Wish(name), Asked(_numbers("topic"), shown, language)


def _numbers(name: str) -> frozenset[int]:
    return frozenset(int(text) for text in request.form.getlist(name) if text.isdecimal() and len(text) < 19)
