"""The newsletters: listed, begun, written and tried out like every other text."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.editing import Draft, Kind, Revision
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageKind
from funnel.programme import issue_words
from tests.factories import add
from tests.owner_data import press, signed_in

LIST = "/owner/newsletters"
ONE = f"{LIST}/1"
EDIT = f"{ONE}/edit"


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def issue(session):
    made = add(
        session,
        Newsletter(
            subject="Chairs",
            preheader="Which chair is the best one? The one you leave every half hour.",
            body="Hello.\n",
            created_at=utc_now(),
        ),
    )
    session.commit()
    return made


def typed(issue, **changes):
    return issue_words.typed(issue) | changes


def test_without_any_the_page_says_what_one_is_and_begins_the_first(desk, session):
    assert "Write the first" in desk.get(LIST).text
    answer = press(desk, LIST, on=LIST)
    assert answer.location == EDIT
    page = desk.get(EDIT).text
    assert "Edit this newsletter" in page
    assert "Nobody gets it until you send it" in page
    assert session.scalars(select(AuditEntry.detail)).one() == {"newsletter": 1}


def test_drafts_stand_first_and_then_the_newest(desk, session, issue):
    for number, state in enumerate((NewsletterState.SENT, NewsletterState.CANCELLED)):
        at = utc_now() + timedelta(seconds=number)
        add(session, Newsletter(subject=f"{state.value} one", body="x\n", state=state, created_at=at, started_at=at))
    session.commit()
    page = desk.get(LIST).text
    places = [page.index(words) for words in (">Chairs<", ">cancelled one<", ">sent one<")]
    assert places == sorted(places)


def test_drafts_that_were_thrown_away_are_a_list_of_their_own_and_fetched_back_from_there(desk, session, issue):
    assert "which=thrown-away" not in desk.get(LIST).text
    press(desk, f"{ONE}/throw-away", on=ONE)
    assert ">Chairs<" not in desk.get(LIST).text
    gone = f"{LIST}?which=thrown-away"
    assert f'href="{gone}"' in desk.get(LIST).text
    assert ">Chairs<" in desk.get(gone).text
    press(desk, f"{ONE}/fetch-back", on=gone)
    assert ">Chairs<" in desk.get(LIST).text
    assert "None is thrown away any more" in desk.get(gone).text


def test_what_is_saved_stands_on_its_page_and_among_its_revisions(desk, session, issue):
    answer = press(desk, EDIT, on=EDIT, based_on="0", **typed(issue, body="Sit less.\n"))

    assert answer.location == f"{LIST}/1"
    page = desk.get(f"{LIST}/1").text
    assert "Sit less." in page
    assert "Saved." in page
    kept = session.scalars(select(Revision).where(Revision.kind == Kind.NEWSLETTER).order_by(Revision.number)).all()
    assert [one.content["body"] for one in kept] == ["Hello.\n", "Sit less.\n"]
    press(desk, f"{LIST}/1/revisions/1/restore", on=f"{LIST}/1/revisions")
    session.expire_all()
    assert session.get_one(Newsletter, 1).body == "Hello.\n"


def test_a_word_that_promises_too_much_is_refused_and_what_was_typed_is_kept(desk, session, issue):
    answer = press(desk, EDIT, on=EDIT, based_on="0", **typed(issue, body="This is guaranteed to help.\n"))
    assert answer.status_code == 422
    assert "Newsletter, line 1" in answer.text
    assert session.scalars(select(Draft)).one().content["body"] == "This is guaranteed to help.\n"


def test_who_saves_over_words_they_have_not_seen_is_shown_both(desk, issue):
    press(desk, EDIT, on=EDIT, based_on="0", **typed(issue, body="Theirs.\n"))
    answer = press(desk, EDIT, on=EDIT, based_on="1", **typed(issue, body="Mine.\n"))
    assert answer.status_code == 409
    assert "Somebody saved before you" in answer.text


def test_a_new_one_is_written_from_a_past_one(desk, session, issue):
    press(desk, LIST, on=f"{LIST}/1", like="1")
    made = session.get_one(Newsletter, 2)
    assert (made.subject, made.body, made.state) == ("Chairs", "Hello.\n", NewsletterState.DRAFT)
    assert press(desk, LIST, on=f"{LIST}/1", like="77").status_code == 404


def test_a_test_of_what_is_saved_goes_to_who_asks(desk, session, issue):
    press(desk, f"{LIST}/1/test", on=f"{LIST}/1")
    mail = session.scalars(select(Message)).one()
    assert (mail.kind, mail.newsletter_id, mail.to_address) == (MessageKind.TEST, 1, "alessandro@example.org")


def test_one_that_cannot_be_written_says_why(desk, session, issue):
    issue.body = "Hello {{ nobody }}.\n"
    session.commit()
    assert "nobody" in desk.get(f"{LIST}/1").text
    assert "This is not a mail yet" in desk.get(f"{LIST}/1/html").text
