"""Sending: every mail planned, where it is, and why."""

from flask import render_template, request

from funnel.db import Session, utc_now
from funnel.insight import messages
from funnel.models.mail import MessageState
from funnel.web.owner import gate

blueprint = gate.pages("messages", __name__)


@blueprint.get("/messages")
def index() -> str:
    state = request.args.get("state", type=MessageState)
    page = request.args.get("page", 1, type=int)
    with Session.begin() as session:
        return render_template(
            "owner/messages/index.html",
            now=utc_now(),
            found=messages.listed(session, (state,) if state else (), page),
            state=state,
            states=list(MessageState),
        )
