"""The page of who was kept out: why, how risky, by which way in; and that nobody is let in who must not be."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import letting_in, mailbox, settle, suppression
from funnel.audience.risk import Sign
from funnel.db import utc_now
from funnel.insight import kept_out, turned_away
from funnel.models.door import CausedMail, DoorDay, Stop
from funnel.models.house import AuditEntry, Role
from funnel.models.people import SignUp, SignUpState, SuppressionReason
from funnel.web.owner import door
from tests.audience_cast import signs_up
from tests.factories import a_form, a_sign_up, a_subscriber
from tests.owner_data import press, signed_in

PAGE, LET_IN = "/owner/door", "/owner/door/let-in"


@pytest.fixture
def browser(app, session):
    return signed_in(app)


def a_refused(session, email, reason=settle.NETWORK_LIMIT, ago=timedelta(minutes=1), **changes):
    form = session.info.setdefault("form", None) or a_form(session)
    session.info["form"] = form
    refused = {"state": SignUpState.REFUSED, "reason": reason, "created_at": utc_now() - ago}
    row = a_sign_up(session, form, email=email, **(refused | changes))
    session.commit()
    return row


def text(answer):
    return " ".join(re.sub("<[^>]*>", " ", answer.text).split())


def states(session):
    session.expire_all()
    return dict(session.execute(select(SignUp.email, SignUp.state)).all())


def test_with_nobody_refused_the_page_says_so(browser):
    assert "No sign-up was refused in the last 30 days." in text(browser.get(PAGE))


def test_each_stands_with_its_reason_its_risk_and_what_was_meant(browser, session):
    a_refused(session, "zoe@gmial.com", settle.NO_MAIL, risk=100, signs=[Sign.TOOL, Sign.NO_MAIL], first_name="Zoë")
    page = text(browser.get(PAGE))
    for words in (
        "zoe@gmial.com Zoë",
        "This address can get no mail",
        "Perhaps zoe@gmail.com was meant",
        "Risk 100 of 100: a program filled it in, by its own name or without one; no mail server answers",
    ):
        assert words in page


def test_who_is_in_already_is_led_to_and_not_let_in(browser, session):
    person = a_subscriber(session, email="ada@example.org")
    a_refused(session, "ada@example.org", settle.ADDRESS_LIMIT)
    page = browser.get(PAGE)
    assert "Is in already: their page" in text(page)
    assert f'href="/owner/people/{person.id}"' in page.text
    assert "was a person" not in page.text


def test_an_address_stands_once_with_how_often_it_came_and_no_button_that_would_be_answered_no(browser, session):
    for minute in (3, 2, 1):
        a_refused(session, "zoe@example.org", ago=timedelta(minutes=minute))
    page = browser.get(PAGE)
    assert "and 2 times before" in text(page)
    assert page.text.count("was a person") == 1
    session.add(CausedMail(mailbox_hash=mailbox.hash_of("zoe@example.org"), template="confirmation", at=utc_now()))
    session.commit()
    page = browser.get(PAGE)
    assert "Has had as many mails as it may for now" in text(page)
    assert "was a person" not in page.text
    assert "Tick zoe@example.org" not in page.text


def test_a_page_of_which_nothing_is_left_leads_on(browser, session, monkeypatch):
    monkeypatch.setattr(kept_out, "LOOKED_AT", 1)
    a_refused(session, "zoe@example.org", ago=timedelta(minutes=9))
    late = a_refused(session, "ada@example.org")
    settled = {"state": SignUpState.SETTLED, "created_at": late.created_at, "confirmed_at": utc_now()}
    a_sign_up(session, session.info["form"], email="ada@example.org", **settled)
    session.commit()
    page = browser.get(PAGE)
    assert "Nobody among the newest" in text(page)
    (older,) = re.findall(r'rel="next" href="([^"]*)"', page.text)
    assert "zoe@example.org" in browser.get(older.replace("&amp;", "&")).text


def test_they_are_read_by_reason_newest_first_and_page_by_page(browser, session, monkeypatch):
    monkeypatch.setattr(door, "ROWS", 2)
    for n in range(3):
        a_refused(session, f"net-{n}@example.org", ago=timedelta(minutes=n))
    a_refused(session, "limit@example.org", settle.ADDRESS_LIMIT)
    first = browser.get(f"{PAGE}?why=network+limit")
    assert re.findall(r'<span dir="auto">([^<]*)', first.text) == ["net-0@example.org", "net-1@example.org"]
    assert "limit@example.org" not in first.text
    (older,) = re.findall(r'rel="next" href="([^"]*)"', first.text)
    second = browser.get(older.replace("&amp;", "&"))
    assert "net-2@example.org" in second.text
    assert "net-1@example.org" not in second.text
    assert browser.get(f"{PAGE}?why=none-such&before=nonsense").status_code == 200


def test_one_is_let_in_by_its_own_button_and_taken_back(browser, session):
    a_refused(session, "zoe@example.org")
    row = a_refused(session, "ada@example.org")
    answer = press(browser, LET_IN, on=PAGE, one=str(row.id))
    assert states(session) == {"zoe@example.org": SignUpState.REFUSED, "ada@example.org": SignUpState.SETTLED}
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.detail["sign_ups"]) == (letting_in.LET_IN, {str(row.id): settle.NETWORK_LIMIT})
    assert "Undo" in browser.get(answer.headers["Location"]).text
    press(browser, f"{PAGE}/undo/{entry.id}", on=answer.headers["Location"])
    assert states(session)["ada@example.org"] == SignUpState.REFUSED
    assert "Taken back: 1 sign-up" in text(browser.get(PAGE))
    press(browser, f"{PAGE}/undo/{entry.id}", on=PAGE)
    assert "has left already" in text(browser.get(PAGE))
    assert press(browser, f"{PAGE}/undo/4711", on=PAGE).status_code == 404


def test_many_are_let_in_at_once_but_who_is_not_to_be_mailed(browser, session):
    rows = [a_refused(session, f"net-{n}@example.org") for n in range(3)]
    suppression.suppress(session, rows[0].address_hash, SuppressionReason.OWNER, utc_now())
    session.commit()
    press(browser, LET_IN, on=PAGE, id=[str(row.id) for row in rows])
    assert list(states(session).values()).count(SignUpState.SETTLED) == 2
    assert "net-0@example.org stays out. You decided that this address is not to be mailed." in text(browser.get(PAGE))


def test_with_nobody_ticked_it_says_so(browser, session):
    a_refused(session, "zoe@example.org")
    press(browser, LET_IN, on=PAGE)
    assert "Nobody was ticked." in text(browser.get(PAGE))


def test_of_many_that_stay_out_some_are_named(browser, session):
    a_refused(session, "zoe@example.org")
    press(browser, LET_IN, on=PAGE, id=[str(number) for number in range(900, 907)])
    assert "And 2 more." in text(browser.get(PAGE))


def test_a_viewer_may_look_and_lets_nobody_in(app, session):
    viewer = signed_in(app, Role.VIEWER)
    row = a_refused(session, "zoe@example.org")
    assert press(viewer, LET_IN, on=PAGE, one=str(row.id)).status_code == 403
    assert states(session) == {"zoe@example.org": SignUpState.REFUSED}


def test_what_was_stopped_is_counted_over_seven_days(browser, session):
    form, now = a_form(session), utc_now()
    for what, times, ago in ((Stop.ROBOT, 4000, 0), (Stop.STEP, 2, 1), (Stop.RUSH, 3, 1), (Stop.ROBOT, 9, 8)):
        at = now - timedelta(days=ago)
        session.add(DoorDay(form_id=form.id, day=at.date(), what=what, times=times, last_at=at))
    session.commit()
    page = text(browser.get(PAGE))
    assert "4,000 forms were filled in by robots" in page
    for row in session.scalars(select(DoorDay)):
        row.times = int(row.what is not Stop.STEP)
    session.commit()
    once = text(browser.get(PAGE))
    assert "1 form was filled in by a robot" in once
    assert "1 time somebody was asked for one step more" in once
    assert "5 times somebody was asked for one step more" in page


def test_that_mails_wait_their_turn_is_told_on_every_page_that_tells_of_health(browser, client, session, setting):
    assert turned_away.rush(session, utc_now()) is None
    setting(LIMIT_FORM_MINUTE="1")
    form, now = a_form(session), utc_now()
    for name in ("ada", "ben", "zoe"):
        signs_up(session, form, f"{name}@example.org", now)
    session.add(DoorDay(form_id=form.id, day=now.date(), what=Stop.RUSH, times=1, last_at=now))
    session.commit()
    for path in (PAGE, "/owner/"):
        page = text(browser.get(path))
        assert "2 confirmations wait, the last of them until" in page
        assert "is asked for one step more" in page
    notices = client.get("/ready").json["notices"]
    assert "more sign-ups than the limits let out a minute: 2 confirmations wait their turn" in notices


def test_a_person_s_page_says_what_looked_risky(browser, session):
    row = signs_up(session, a_form(session), "ada@example.org", utc_now())
    row.signs = [Sign.DISPOSABLE]
    session.commit()
    page = text(browser.get(f"/owner/people/{row.subscriber_id}"))
    assert "looked risky: the address is of the kind that is thrown away" in page
