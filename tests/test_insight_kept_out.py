"""Who was kept out: an address once a form, and not at all when the mail came all the same."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from funnel.audience import allowance, ending, letting_in, settle
from funnel.audience.confirmation import VALID
from funnel.insight import kept_out
from funnel.models.mail import Message, MessageState
from funnel.models.people import SignUp, SignUpState
from tests.audience_cast import VISIT, confirms, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up

MINUTE = timedelta(minutes=1)


@pytest.fixture
def form(session):
    return a_form(session)


def refused(session, form, email, minute, reason=settle.NETWORK_LIMIT, **more):
    refused = {"state": SignUpState.REFUSED, "reason": reason, "created_at": NOW + minute * MINUTE}
    return a_sign_up(session, form, email=email, **refused, **more)


def shown(session, now=NOW + timedelta(hours=1), **asked):
    asked = {"name": "", "before": None, "most": 50} | asked
    return kept_out.page(session, now=now, **asked)[0]


def test_who_taps_twice_was_kept_out_of_nothing(session, form):
    for minute in range(4):
        signs_up(session, form, now=NOW + minute * MINUTE)
    assert shown(session) == []
    assert kept_out.at_form(session, form.id, NOW + timedelta(hours=1)) == (0, True)


def test_nor_was_who_confirms_later_however_long_ago_and_who_was_told_that_they_are_in(session, form):
    first = signs_up(session, form)
    signs_up(session, form, now=NOW + MINUTE)
    confirms(session, first, NOW + 2 * MINUTE)
    signs_up(session, form, now=NOW + timedelta(hours=1))
    signs_up(session, form, now=NOW + timedelta(hours=1) + MINUTE)
    assert shown(session, NOW + timedelta(days=20)) == []


def test_who_has_not_confirmed_while_the_link_was_good_stands_there_to_be_let_in(session, form):
    for minute in range(3):
        last = signs_up(session, form, now=NOW + minute * MINUTE)
    assert shown(session, NOW + VALID - MINUTE) == []
    (one,) = shown(session, NOW + VALID)
    assert (one.id, one.times, one.has_had_enough) == (last.id, 1, False)
    assert letting_in.let_in(session, [one.id], NOW + VALID).let_in == {one.id: settle.ADDRESS_LIMIT}
    assert shown(session, NOW + VALID) == []


def test_so_does_whose_mail_never_left(session, form):
    signs_up(session, form)
    last = signs_up(session, form, now=NOW + MINUTE)
    session.execute(update(Message).values(state=MessageState.FAILED))
    (one,) = shown(session)
    assert one.id == last.id


def leaves(session, sign_up, minute):
    session.refresh(sign_up)
    assert ending.leave(session, sign_up.subscriber_id, "the button", VISIT, NOW + minute * MINUTE)


def test_so_does_who_confirmed_before(session, form):
    confirms(session, signs_up(session, form), NOW + MINUTE)
    again = refused(session, form, "ada@example.org", 60)
    assert [one.id for one in shown(session)] == [again.id]


def test_so_does_who_left_since_they_were_asked_or_told_that_they_are_in_and_came_back(session, form):
    leaves(session, signs_up(session, form), 20)
    confirms(session, signs_up(session, form, "zoe@example.org"), NOW + MINUTE)
    told = signs_up(session, form, "zoe@example.org", NOW + 20 * MINUTE)
    assert templates(session)[-1] == allowance.ALREADY_IN
    leaves(session, told, 30)
    again = [refused(session, form, email, 40 + n) for n, email in enumerate(("ada@example.org", "zoe@example.org"))]
    assert [one.id for one in shown(session)] == [one.id for one in reversed(again)]


def test_but_who_left_only_after_it_wants_no_more(session, form):
    asked = signs_up(session, form)
    refused(session, form, "ada@example.org", 20)
    leaves(session, asked, 30)
    assert shown(session) == []


def test_an_address_stands_once_a_form_with_how_often_it_came_before(session, form):
    other = a_form(session)
    for minute in range(3):
        refused(session, form, "ada@example.org", minute)
    refused(session, other, "ada@example.org", 3)
    refused(session, form, "zoe@example.org", 4)
    found = [(one.email, one.form, one.times) for one in shown(session)]
    assert found == [("zoe@example.org", form.title, 0), ("ada@example.org", other.title, 0),
                     ("ada@example.org", form.title, 2)]  # fmt: skip
    assert len({one.whose for one in shown(session)}) == 3
    assert kept_out.at_form(session, form.id, NOW + timedelta(hours=1)) == (2, True)


def test_all_spellings_of_a_mailbox_are_one_address(session, form):
    for spelling in ("a.da@gmail.com", "ada+tips@gmail.com", "ada@gmail.com"):
        signs_up(session, form, spelling, NOW - timedelta(days=30))
    session.execute(update(SignUp).values(state=SignUpState.REFUSED, reason=settle.NETWORK_LIMIT))
    session.expire_all()
    (one,) = shown(session)
    assert (one.email, one.times) == ("ada@gmail.com", 2)


def test_an_address_that_can_get_no_mail_just_now_is_told_of(session, form, setting):
    setting(LIMIT_ADDRESS_DAY="1")
    signs_up(session, form)
    session.execute(update(Message).values(state=MessageState.FAILED))
    signs_up(session, form, now=NOW + timedelta(hours=1))
    assert [one.has_had_enough for one in shown(session)] == [True]
    assert [one.has_had_enough for one in shown(session, NOW + allowance.DAY)] == [False]


def test_a_flood_is_read_part_by_part_and_nobody_behind_it_is_lost(session, form, monkeypatch):
    monkeypatch.setattr(kept_out, "LOOKED_AT", 3)
    monkeypatch.setattr(kept_out, "MOST_AT_FORM", 3)
    monkeypatch.setattr(kept_out, "MOST_TIMES", 4)
    person = refused(session, form, "zoe@example.org", 0)
    for minute in range(1, 8):
        refused(session, form, "ada@example.org", minute)
    found, place = kept_out.page(session, "", None, 50, NOW + timedelta(hours=1))
    assert [(one.email, one.times) for one in found] == [("ada@example.org", 5)]
    pages = []
    while place:
        more, place = kept_out.page(session, "", place, 50, NOW + timedelta(hours=1))
        pages.append([one.id for one in more])
    assert pages == [[], [person.id]]
    assert kept_out.at_form(session, form.id, NOW + timedelta(hours=1)) == (1, False)
