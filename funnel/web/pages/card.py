"""The sign-up form as it stands on a page: its fields, its token, and where the reader came from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request, url_for
from sqlalchemy.orm import Session

from funnel.audience import signup, views
from funnel.models.people import Form
from funnel.programme import thanks
from funnel.response import machine
from funnel.tokens import Purpose
from funnel.web import edge
from funnel.web.pages import place, trap
from funnel.web.pages.fields import SignUpForm

LOOKED_AT = ("iframe", "same-origin")


@dataclass(frozen=True)
class Step:
    """One step more: `puzzle` for the script, `token` for the tap, `answer` to the question that was asked before."""

    puzzle: str
    token: str
    answer: str
    language: str


@dataclass(frozen=True)
class Card:
    form: Form
    fields: SignUpForm
    token: str
    source: str
    utm: dict[str, str]
    step: Step | None = None  # one more that the reader is asked for

    def __post_init__(self) -> None:
        if onward := thanks.origin(self.form.thanks_url):
            g.leads_to = onward

    @property
    def action(self) -> str:
        """Where it is sent, and answered: within the frame, when it stands in one."""
        return place.address("sign_up", slug=self.form.slug)

    @property
    def privacy(self) -> str:
        if not place.framed():
            return url_for("privacy.show")
        return place.address("privacy", slug=self.form.slug, **where_from())

    @property
    def beside(self) -> str:
        """The same as a page for a window of its own; empty outside a frame, where the browser keeps what was typed."""
        return url_for("privacy.show") if place.framed() else ""


def empty(form: Form, source: str, now: datetime) -> Card:
    """The form as a reader first sees it."""
    return Card(form, SignUpForm(formdata=None), trap.token(Purpose.FORM, form.id, now=now), source, utm())


def filled(form: Form, fields: SignUpForm, now: datetime) -> Card:
    """The form again, with what was typed."""
    return Card(form, fields, trap.token_again(Purpose.FORM, form.id, now=now), source(), utm())


def count_view(session: Session, form: Form, source: str, now: datetime) -> None:
    """Counts that a person saw the form; a robot, a preview or a page fetched ahead is none."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    head = request.method == "HEAD"
    # A frame on a page of ours is the owner's look at it.
    ahead = ahead or (request.headers.get("Sec-Fetch-Dest"), request.headers.get("Sec-Fetch-Site")) == LOOKED_AT
    if not ahead and not machine.reason(head=head, agent=edge.visit().agent, delivery=None, now=now):
        views.count(session, form.id, source, now)


def source() -> str:
    """The post or place that led here: ?src= of the embed code, or the hidden field it was carried back in."""
    return signup.clean_source(request.values.get("src", ""))


def utm() -> dict[str, str]:
    return signup.clean_utm(request.values)


def where_from() -> dict[str, Any]:
    """The same as arguments of an address, so that it is not lost on the way from page to page."""
    known = {"src": source(), **utm()}
    return {name: value for name, value in known.items() if value}
