"""An owner at the desk with one person on the course: what the tests of a person's pages begin with."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.house import AuditEntry
from funnel.models.people import Subscriber
from tests import factories
from tests.owner_data import Practice, press, signed_in


class Desk:
    """`get` and `press` a path below one person's page."""

    def __init__(self, app, session):
        self.session, self.browser = session, signed_in(app)
        self.practice = Practice(session, utc_now())
        self.practice.set_up()
        self.ada = self.practice.newcomer("Ada")
        steps = self.practice.steps
        later = {"due_at": self.practice.now, "next_at": self.practice.now, "step_id": steps[1].id}
        self.place = factories.an_enrolment(session, self.ada, self.practice.course, **later)
        session.commit()
        self.home = f"/owner/people/{self.ada.id}"

    def get(self, path=""):
        return self.browser.get(path if path.startswith("/") else f"{self.home}/{path}".rstrip("/")).text

    def press(self, path, on="", **fields):
        """The page that follows a redirect, or the answer itself, as text; with what was changed read anew."""
        path = path if path.startswith("/") else f"{self.home}/{path}"
        answer = press(self.browser, path, on=on or "/owner/people/add", **fields)
        self.session.expire_all()
        self.status = answer.status_code
        return self.browser.get(answer.location).text if answer.status_code == 303 else answer.text

    def noted(self):
        return list(self.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))

    def person(self, **values):
        made: Subscriber = factories.a_subscriber(self.session, **values)
        self.session.commit()
        return made


@pytest.fixture
def desk(app, session):
    return Desk(app, session)
