"""Visits noted together are the rows that one after the other would have made."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from funnel import tokens
from funnel.models.mail import LinkKind, MessageKind, MessageState
from funnel.models.people import SubscriberState
from funnel.models.responses import Event
from funnel.response import clicks, crowded
from funnel.response.crowded import Visit
from funnel.tokens import Purpose
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_subscriber
from tests.test_response_clicks import BROWSER, SENT


def a_visit(link, message=None, *, at=NOW, head=False, agent=BROWSER):
    mail = message.id if message else 0
    return Visit(tokens.sign(Purpose.GO, link.id, mail), link.id, mail, head, agent, at)


def one_by_one(session, visits):
    for visit in visits:
        clicks.visit(session, visit.token, head=visit.head, agent=visit.agent, now=visit.at)


def rows(session):
    """All that stands in them, but for their numbers."""
    columns = [column for column in Event.__table__.columns if column.name != "id"]
    return sorted(map(repr, session.execute(select(*columns))))


@pytest.fixture
def link(session):
    return a_link(session)


@pytest.fixture
def mail(session):
    return a_message(session, a_subscriber(session), **SENT)


def test_the_same_rows_as_one_after_the_other(session, link):
    """People, machines by name, haste and asking for headers only; a page's link, twice; a trial of the owner's."""
    mails = [a_message(session, a_subscriber(session), **SENT) for _ in range(4)]
    hasty = a_message(session, a_subscriber(session), state=MessageState.SENT, sent_at=NOW)
    trial = a_message(session, a_subscriber(session), kind=MessageKind.TEST, **SENT)
    visits = [a_visit(link, mail) for mail in (*mails[:2], hasty, trial)]
    visits += [a_visit(link, mails[2], agent="curl/8"), a_visit(link, mails[3], head=True)]
    visits += [a_visit(link), a_visit(link)]
    assert crowded.note(session, visits) == []
    together = rows(session)
    session.execute(delete(Event))
    one_by_one(session, visits)
    assert together == rows(session)
    assert len(together) == len(visits)


def test_a_double_click_is_one_row(session, link, mail):
    assert crowded.note(session, [a_visit(link, mail), a_visit(link, mail)]) == []
    assert crowded.note(session, [a_visit(link, mail)]) == []
    assert len(rows(session)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_followed_the_rows_are_those_of_one_after_the_other(session, seed):
    """Links, the hidden one among them, of a few mails in a few seconds, in crowds of any size."""
    chance = random.Random(seed)
    links = [a_link(session) for _ in range(3)] + [a_link(session, kind=LinkKind.CANARY)]
    mails = [a_message(session, a_subscriber(session), **SENT) for _ in range(4)]
    moments = sorted(NOW + timedelta(seconds=chance.uniform(0, 25)) for _ in range(40))
    visits = [
        a_visit(
            chance.choices(links, (3, 3, 3, 1))[0], chance.choice(mails), at=at, agent=chance.choice((BROWSER, "curl"))
        )
        for at in moments
    ]
    one_by_one(session, visits)
    alone = rows(session)
    session.execute(delete(Event))
    while visits:
        crowd = [visits.pop(0) for _ in range(min(len(visits), chance.randint(1, 8)))]
        one_by_one(session, crowded.note(session, crowd))
    assert rows(session) == alone


def test_the_same_row_of_two_minutes_is_not_written_twice(session, link, mail):
    later = NOW + timedelta(seconds=30)
    for at in (NOW, later):
        assert crowded.note(session, [a_visit(link, mail, at=at)]) == []
    assert len(rows(session)) == 1


def test_two_links_of_a_mail_are_no_round_and_a_third_has_them_judged_one_by_one(session, mail):
    first, second, third = (a_visit(a_link(session), mail) for _ in range(3))
    assert crowded.note(session, [first, second]) == []
    assert crowded.note(session, [third]) == [third]
    session.execute(delete(Event))
    assert crowded.note(session, [first, second, third]) == [first, second, third]
    assert rows(session) == []


def test_beside_the_hidden_link_each_is_judged_one_by_one(session, link, mail):
    hidden, other = a_visit(a_link(session, kind=LinkKind.CANARY), mail), a_visit(link, mail)
    assert crowded.note(session, [hidden, other]) == [hidden, other]
    one_by_one(session, [hidden])
    assert crowded.note(session, [other]) == [other]


def test_what_more_follows_from_is_left_too(session, link):
    hidden = a_link(session, kind=LinkKind.CANARY)
    erased = a_subscriber(session, state=SubscriberState.ERASED)
    doubtful = a_message(session, a_subscriber(session), state=MessageState.UNKNOWN)
    visits = [
        a_visit(hidden, a_message(session, a_subscriber(session), **SENT)),
        a_visit(link, a_message(session, erased, **SENT)),
        a_visit(link, doubtful),
    ]
    assert crowded.note(session, visits) == visits
    assert rows(session) == []


def test_a_link_that_is_gone_is_no_row(session, link, mail):
    gone = Visit("", link.id + 1, mail.id, False, BROWSER, NOW)
    assert crowded.note(session, [gone]) == []
    assert rows(session) == []
