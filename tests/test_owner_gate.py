"""Every owner's page stands behind the gate, and readers' pages know nothing of it."""

import re

import pytest
from sqlalchemy import update

from funnel.audience import bulk, segments, topics
from funnel.audience.segment import Segment
from funnel.db import Session as OwnSession
from funnel.db import utc_now
from funnel.models.bulk import BulkAction
from funnel.models.content import Newsletter
from funnel.models.house import OwnerSession
from funnel.models.tags import Tag
from funnel.models.translations import Translation
from funnel.programme import notes
from funnel.web.owner import sessions
from tests import factories
from tests.import_cast import bring
from tests.owner_data import Practice, press, signed_in
from tests.rhythm_cast import a_rhythm

OPEN = {
    "signin.show", "signin.check", "signin.ask_code", "signin.check_code",
    "entry.forgotten", "entry.send_link", "entry.show", "entry.set_password",
}  # fmt: skip
MAY_BE_ELSEWHERE = {"signin.ask_code": 302, "entry.show": 404}  # without a first step, or a good link
VALUES = {
    "import_id": 1,
    "verdict": "here",
    "person_id": 1,
    "booking_id": 1,
    "name": "1",
    "which": "all",
    "entry_id": 1,
    "cancellation_id": 2,
    "how": "unsubscribe",
    "enrolment_id": 1,
    "tag_id": 1,
    "segment_id": 1,
    "job_id": 1,
    "week_of": "next",
    "what": "signed-up",
    "table": "funnel",
    "noun": "posts",
    "text_id": 1,
    "verb": "retire",
    "step_id": 1,
    "course_id": 1,
    "number": 1,
    "owner_id": 1,
    "session_id": 1,
    "token": "none",
    "slug": "practice",
    "about": "confirmation",
    "server": "new",
    "issue_id": 1,
    "sent_id": 900,
    "note_id": 1,
    "rhythm_id": 1,
    "look": "inline",
    "code": "it",
    "topic_id": 1,
}


def routes(app, method):
    """The address of each owner's page, by its endpoint."""
    with app.test_request_context():
        adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
        return {
            rule.endpoint: adapter.build(rule.endpoint, {key: VALUES[key] for key in rule.arguments}, method)
            for rule in app.url_map.iter_rules()
            if rule.rule.startswith("/owner") and method in rule.methods
        }


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    ada = made.newcomer("Ada")
    made.booking(ada, None, utc_now())
    factories.an_enrolment(session, ada, made.course)
    factories.add(session, Tag(name="runner", created_at=made.now))
    topics.make(session, "Sitting", "", made.now)
    factories.add(session, Newsletter(subject="Chairs", body="Sit less.\n", created_at=made.now))
    factories.an_issue(session, id=VALUES["sent_id"])
    factories.add(session, Translation(step_id=2, language="de", created_at=made.now, updated_at=made.now))
    segments.keep(session, "Booked", {"is": "booked"}, made.now)
    notes.write(session, "Sit less.", made.now)
    a_rhythm(session, made.now)
    wish = bulk.Wish(BulkAction.STOP, {}, Segment(), [ada.id], ada.id, 1)
    bulk.ask(session, wish, None, made.now)
    made.decision()
    made.cancellation()
    session.commit()
    bring("ada@example.org,Ada\n")


def test_every_page_of_the_owners_asks_for_a_sign_in(app):
    stranger = app.test_client()
    found = routes(app, "GET") | {f"{name} (POST)": path for name, path in routes(app, "POST").items()}
    assert len(found) > 15
    for name, path in found.items():
        if name.removesuffix(" (POST)") not in OPEN:
            answer = stranger.post(path) if "POST" in name else stranger.get(path)
            assert (name, answer.status_code) == (name, 302)
            assert answer.location.startswith("/owner/sign-in?next="), name


def test_every_button_of_the_owners_checks_its_token(app, practice):
    desk = signed_in(app)
    for name, path in routes(app, "POST").items():
        answer = desk.post(path, data={"csrf_token": "made up"})
        assert (name, answer.status_code) == (name, 400)
    assert "Nothing was done" in desk.post("/owner/sign-out").text
    assert desk.get("/owner/").status_code == 200


def test_no_page_of_the_owners_is_kept_by_a_cache_or_needs_what_the_policy_forbids(app, practice):
    desk = signed_in(app)
    for name, path in routes(app, "GET").items():
        answer = desk.get(path)
        assert (name, answer.status_code) == (name, MAY_BE_ELSEWHERE.get(name, 200))
        assert answer.headers["Cache-Control"] == "no-store"
        if not name.endswith(".body"):  # a mail in its frame, under a policy of its own
            assert not re.search(
                r"<script(?! src=\"/static/)|<style|\sstyle=|\son\w+=|https?://(?!127\.0\.0\.1|example)[^\"]*\.(css|js)",
                answer.get_data().decode(errors="replace"),  # a PDF is no text
            )
    assert desk.get("/owner/people/999").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/owner/people/0", f"/owner/people/{2**63 - 1}", "/owner/bookings/7", "/owner/mails/x"]
)
def test_what_is_not_there_is_not_found(app, practice, path):
    answer = signed_in(app).get(path)

    assert answer.status_code == 404
    assert 'href="/owner/">' in answer.text


@pytest.mark.parametrize("path", [f"/owner/people/{2**63}", f"/owner/mails/{10**30}", "/owner/nothing"])
def test_a_number_that_can_be_nobodys_is_not_found(app, practice, path):
    assert signed_in(app).get(path).status_code == 404


def test_readers_pages_set_no_cookie_not_even_for_an_owner(app, practice):
    desk = signed_in(app)
    with OwnSession.begin() as session:
        session.execute(update(OwnerSession).values(seen_at=OwnerSession.seen_at - sessions.NOTED_EVERY))
    posts = ("/", "/posts/quadratus-lumborum", "/archive", "/archive/feed.xml")
    for path in (*posts, "/f/back-care", "/book", "/privacy", "/health", "/static/base.css"):
        assert (path, desk.get(path).headers.get("Set-Cookie")) == (path, None)


def test_a_session_with_made_up_contents_is_nobodys(app):
    desk = signed_in(app)
    with desk.session_transaction() as kept:
        kept["id"] = "made up"

    assert desk.get("/owner/").status_code == 302


def test_a_button_pressed_without_a_session_leads_to_the_overview_after_the_sign_in(app):
    answer = app.test_client().post("/owner/people/1/booked")

    assert answer.location == "/owner/sign-in?next=/owner/"


def test_pressing_a_button_reaches_no_one_elses_session(app, practice):
    desk, other = signed_in(app), app.test_client()
    taken = desk.get("/owner/")
    assert taken.status_code == 200

    assert press(other, "/owner/sign-out", on="/owner/sign-in").status_code == 302
    assert desk.get("/owner/").status_code == 200
