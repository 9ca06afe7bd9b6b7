"""What a reader wishes, read from the button that was pressed and what stands beside it; and what was done, read from
the address that it led to."""

from datetime import datetime, timedelta

from flask import abort, request

from funnel import languages, tokens
from funnel.audience.wishes import Asked, Wish
from funnel.tokens import BadToken, Purpose
from funnel.web import edge

TOLD_FOR = timedelta(hours=1)
BY_NAME = {str(wish): wish for wish in Wish}


def wish(page: str, message_id: int | None = None) -> tuple[Wish, Asked]:
    """The wish and what is asked with it. Answers 400 for none of ours, and for a language we do not speak.

    `page` and `message_id`: where it was pressed, as `Asked` has it.
    """
    found = BY_NAME.get(request.form.get("wish", ""))
    language = request.form.get("language", "")
    if found is None or (found is Wish.LANGUAGE and language not in languages.codes()):
        abort(400)
    shown = _numbers("shown") if "shown" in request.form else None  # of a page that was opened before it told them
    return found, Asked(_numbers("topic"), shown, language, page, edge.visit(), message_id)


def done() -> Wish | None:
    """The wish whose carrying out led here; None of anything else."""
    return BY_NAME.get(request.args.get("done", ""))


def until(wish: Wish, now: datetime) -> str:
    """What stands beside a wish just carried out in an address where nobody may see whether it still holds (law 8).

    It is told for an hour only: whoever comes back by a bookmark may have signed up again since.
    """
    return tokens.sign(Purpose.DONE, int((now + TOLD_FOR).timestamp()), salt=wish.encode())


def told(now: datetime) -> Wish | None:
    """The wish of such an address; None of one that is too old, or that we never gave."""
    wish = done()
    if wish is None:
        return None
    try:
        (ends,) = tokens.read(Purpose.DONE, request.args.get("until", ""), salt=wish.encode())
    except BadToken:
        return None
    return wish if now.timestamp() < ends else None


def _numbers(name: str) -> frozenset[int]:
    return frozenset(int(text) for text in request.form.getlist(name) if text.isdecimal() and len(text) < 19)
