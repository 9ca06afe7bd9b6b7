"""A newsletter that is ready to send, its readers, and what an owner's browser does with it."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from funnel.db import utc_now
from funnel.models.content import Newsletter
from tests.factories import a_subscriber, add
from tests.issue_cast import an_issue
from tests.owner_data import press
from tests.readers import as_sent

LIST = "/owner/newsletters"
ONE = f"{LIST}/1"
WORDS = {
    "subject": "Chairs",
    "preheader": "Which chair is the best one? The one you leave every half hour.",
    "body": "Sit less.\n",
}


def ready(session: Session, people: int = 3, **changes: Any) -> Newsletter:
    """The first issue, and so many people who get it."""
    issue = an_issue(session, **(WORDS | {"created_at": utc_now()} | changes))
    for _ in range(people):
        a_subscriber(session)
    session.commit()
    return issue


def under_way(session: Session, now: datetime, people: int = 3, **changes: Any) -> Newsletter:
    """The same, being sent since `now`; nothing of it is planned yet."""
    at = {"send_at": now, "starts_at": now, "scheduled_at": now, "started_at": now}
    return ready(session, people, **({"state": "sending"} | at | changes))


def order(desk: FlaskClient, path: str = "sum", **fields: str) -> Any:
    """The sum; or what comes of the button on it, where nothing was wrong with the order."""
    typed = {"whom": "everybody", "when": "now"} | fields
    told = press(desk, f"{ONE}/sum", on=f"{ONE}/send", **typed)
    if path == "sum" or told.status_code != HTTPStatus.OK:
        return told
    return desk.post(f"{ONE}/{path}", data=as_sent(told) | typed)


def another(session: Session, **changes: Any) -> Newsletter:
    found: Newsletter = add(session, Newsletter(**(WORDS | {"created_at": utc_now()} | changes)))
    session.commit()
    return found
