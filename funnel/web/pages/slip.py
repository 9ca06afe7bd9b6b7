"""A slip of the fingers in an address: asked about once, and what is answered holds."""

from flask import request
from wtforms import Field

from funnel.audience import typo

FIELD, YES, KEEP, CHANGE = "answer", "yes", "keep", "change"


def wants_to_change() -> bool:
    """Whether the answer was to type it anew."""
    return request.form.get(FIELD) == CHANGE


def to_ask(email: Field) -> str:
    """The address that was probably meant, while it is to be asked; '' when there is none or once it is answered.

    A yes puts it into the field, which was found valid.
    """
    answer, meant = request.form.get(FIELD), typo.suggestion(email.data) or ""
    if answer == YES and meant:
        email.data = meant
    return "" if answer else meant
