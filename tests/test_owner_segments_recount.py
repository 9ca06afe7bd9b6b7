"""A count of some minutes ago on the pages of segments: told with its time, and counted anew behind the page."""

from datetime import timedelta

from funnel.audience import counting, remembered, rule
from funnel.db import Session, utc_now
from funnel.web.owner import segments
from tasks.audience import recount
from tests import factories
from tests.owner_data import token
from tests.people_desk import desk  # noqa: F401


def test_what_was_counted_some_minutes_ago_is_told_so_and_a_worker_counts_it_anew(desk, monkeypatch):
    wanted = []
    monkeypatch.setattr(segments, "nudge", wanted.append)
    monkeypatch.setattr(remembered, "WORTH_KEEPING", 1)
    ada, ben = desk.person(email="ada@example.org"), desk.person(email="ben@example.org")
    booked, form = rule.read({"is": "booked"}), token(desk.browser, "/owner/segments/new")

    def count():
        return desk.browser.post("/owner/segments/count", data={"csrf_token": form, "rule-1-1-what": "booked"}).text

    factories.a_booking(desk.session, ada)
    desk.session.commit()
    with Session.begin() as session:
        counting.recipients(session, booked, True, utc_now() - timedelta(minutes=3))
    factories.a_booking(desk.session, ben)
    desk.session.commit()
    assert wanted == []
    page = count()
    assert "1 person" in page
    assert "As of" in page
    assert wanted == [recount]

    recount()
    assert "2 people" in count()
    assert wanted == [recount]
