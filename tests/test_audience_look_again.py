"""Who is no longer meant by an issue does not get what waits for them: they have clicked, or begun a course."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from funnel import tokens
from funnel.audience import addressees, bulk, confirmation, orders
from funnel.audience.bulk import Wish
from funnel.audience.orders import place
from funnel.audience.segment import Segment
from funnel.db import engine
from funnel.models.bulk import BulkAction
from funnel.models.content import NewsletterState
from funnel.models.mail import Message, MessageState
from funnel.programme import waiting
from funnel.programme.outgoing import Order
from funnel.response import clicks
from funnel.tokens import Purpose
from tests.audience_cast import VISIT
from tests.balance import assert_balance
from tests.factories import a_form, a_link, a_sequence, a_sign_up
from tests.issue_cast import START, an_issue, arrive, mails, readers, work
from tests.issue_cast import place as send
from tests.owner_data import press, signed_in

NEXT_WEEK = START + timedelta(days=7)
MACHINE = "curl/8.5.0"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def first(session):
    """An issue that two people got and did not click."""
    readers(session, 2)
    issue = send(session, an_issue(session))
    work(session)
    arrive(session)
    work(session)
    return issue


@pytest.fixture
def again(session, first):
    """The same once more, planned to both."""
    made = orders.resend(session, first.id, "Sit less", NEXT_WEEK)
    place(session, made.id, Order(), NEXT_WEEK)
    work(session, NEXT_WEEK + timedelta(minutes=6))
    assert len(mails(session, made)) == 2
    return made


def visit(session, mail, agent=PERSON):
    link = a_link(session, newsletter_id=mail.newsletter_id)
    token = tokens.sign(Purpose.GO, link.id, mail.id)
    clicks.visit(session, token, head=False, agent=agent, now=NEXT_WEEK + timedelta(hours=1))
    session.commit()


def test_who_clicks_while_it_is_sent_once_more_does_not_get_it(session, first, again):
    clicked, other = mails(session, first)
    visit(session, clicked)
    skipped, waits = mails(session, again)
    assert (skipped.subscriber_id, skipped.state, skipped.reason) == (
        clicked.subscriber_id, MessageState.SKIPPED, addressees.NOT_MEANT,
    )  # fmt: skip
    assert (waits.subscriber_id, waits.state) == (other.subscriber_id, MessageState.QUEUED)


def test_a_machine_that_follows_a_link_takes_it_from_nobody(session, first, again):
    visit(session, mails(session, first)[0], MACHINE)
    assert {mail.state for mail in mails(session, again)} == {MessageState.QUEUED}


def test_a_click_looks_for_nothing_that_waits_while_nothing_is_sent_once_more(session, first):
    mail, said = mails(session, first)[0], []

    def heard(conn, cursor, statement, *others):
        said.append(statement)

    event.listen(engine(), "before_cursor_execute", heard)
    try:
        visit(session, mail)
    finally:
        event.remove(engine(), "before_cursor_execute", heard)
    assert said
    assert not [statement for statement in said if "queue_entry" in statement]


@pytest.mark.parametrize(("with_course", "state"), [(False, MessageState.SKIPPED), (True, MessageState.QUEUED)])
def test_a_course_that_begins_is_not_interrupted_by_what_was_planned_before(app, session, with_course, state):
    (ada,) = readers(session, 1)
    course = a_sequence(session, days=(0, 2))
    issue = send(session, an_issue(session), with_course=with_course)
    work(session)
    press(signed_in(app), f"/owner/people/{ada}/enrol", on=f"/owner/people/{ada}/enrol", course=str(course.id))
    assert [mail.state for mail in mails(session, issue)] == [state]


@pytest.mark.parametrize("ended", [False, True])
def test_nor_are_those_of_many_at_once_and_undone_it_comes_to_them_after_all(session, ended):
    ada, ben, cy = readers(session, 3)
    course = a_sequence(session, days=(0, 2))
    issue, to_all = (send(session, an_issue(session), with_course=also) for also in (False, True))
    work(session)
    wish = Wish(BulkAction.ENROL, {"sequence": course.id}, Segment(), [ada, ben], cy, 2)
    job = bulk.ask(session, wish, None, START)
    while bulk.work(session, job.id, START):
        pass
    states = {mail.subscriber_id: mail.state for mail in mails(session, issue)}
    assert states == {ada: MessageState.SKIPPED, ben: MessageState.SKIPPED, cy: MessageState.QUEUED}
    assert {mail.state for mail in mails(session, to_all)} == {MessageState.QUEUED}
    if ended:
        waiting.skip(session, "left", START, Message.newsletter_id == issue.id)
        work(session)
        assert issue.state is NewsletterState.SENT
    later = START + timedelta(minutes=30)
    bulk.undo(session, job.id, later)
    while bulk.work(session, job.id, later):
        pass
    states = {mail.subscriber_id: mail.state for mail in mails(session, issue)}
    assert (states[ada], states[ben], issue.state) == (MessageState.QUEUED, MessageState.QUEUED, "sending")
    work(session, later)
    assert_balance(session, waiting=6 - ended)


def test_nor_is_one_that_begins_by_confirming_a_sign_up(session):
    (ada,) = readers(session, 1, email="ada@example.org")
    form = a_form(session, sequence_id=a_sequence(session, days=(0, 2)).id)
    asked = a_sign_up(session, form, email="ada@example.org", subscriber_id=ada, created_at=START)
    issue = send(session, an_issue(session))
    work(session)
    confirmation.confirm(session, confirmation.token(asked), VISIT, START + timedelta(hours=1))
    session.commit()
    assert [mail.reason for mail in mails(session, issue)] == [addressees.NOT_MEANT]
