"""Preferences: each button does what it says; and the page and its answers are the same whoever got the mail."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import former, own_data, topics
from funnel.audience.wishes import Wish
from funnel.choices import Limits
from funnel.db import utc_now
from funnel.models.mail import LinkKind, Message, MessageKind
from funnel.models.people import FormState, Pace, Subscriber, SubscriberState
from funnel.models.topics import Unwanted
from funnel.tokens import Purpose
from funnel.web.pages import wished
from tests.factories import a_form, a_link, a_message, a_sequence, a_step, a_subscriber, an_enrolment


@pytest.fixture
def person(session):
    form = a_form(session, slug="back-care")
    person = a_subscriber(session, email="ada@example.org", first_name="Ada", form_id=form.id)
    session.commit()
    return person


def path_of(person, message_id=0):
    return f"/preferences/{tokens.sign(Purpose.PREFERENCES, person.id, message_id)}"


def wish(client, person, wanted, **more):
    return client.post(path_of(person), data={"wish": wanted, **more}, follow_redirects=True)


def told(answer):
    """What is said with the address to go to, beside whose it is and the time; all of it where there is none."""
    return re.sub(r"&until=[\w-]{16,32}$", "", answer.location.partition("?")[2]) if answer.location else answer.text


def seen(wanted, now=None):
    """The end of an address that says what was done."""
    return f"?done={wanted}&until={wished.until(Wish(wanted), now or utc_now())}" if wanted in set(Wish) else ""


def all_sorts(session):
    """People of every state, and with everything set that can be."""
    now = utc_now()
    a_form(session, slug="oldest")
    form = a_form(session, slug="another", accent="#8a1c5b")
    topic = topics.make(session, "Sitting", "", now)
    gone = topics.make(session, "Walking", "", now)
    some = [a_subscriber(session, state=state) for state in SubscriberState]
    some.append(a_subscriber(session, paused_until=now + timedelta(days=9), time_zone="Asia/Tokyo"))
    some.append(a_subscriber(session, pace=Pace.MONTHLY, form_id=form.id, source="instagram"))
    learner, picky, moved, twin, erased = (a_subscriber(session) for _ in range(5))
    an_enrolment(session, learner, a_sequence(session))
    for one in (topic, gone):
        session.add(Unwanted(topic_id=one.id, subscriber_id=picky.id, at=now))
    topics.retire(session, gone, now)
    former.give_up(session, moved.id, moved.address_hash, now)
    twin.merged_into_id, twin.email, twin.address_hash, twin.state = moved.id, None, None, SubscriberState.ERASED
    own_data.erase(session, erased.id, now)
    session.commit()
    return [*some, learner, picky, moved, twin, erased]


def test_nothing_on_the_page_or_in_an_answer_tells_whoever_holds_the_mail_what_is_set(session, client):
    people = all_sorts(session)
    given = {"topic": "1", "shown": "1", "language": "it"}
    looks = {client.get(path_of(one)).data for one in people}
    assert len(looks) == 1
    for wanted in (*Wish, "pause", "my-data", "everything"):  # after all have stopped, too
        answers = [client.post(path_of(one), data={"wish": wanted, **given}) for one in people]
        assert len({(one.status_code, told(one)) for one in answers}) == 1, wanted
        ending = seen(wanted)
        assert len({client.get(path_of(one) + ending).data for one in people}) == 1, wanted


def test_nor_does_leaving_by_the_other_link(session, client):
    leaving = [f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, one.id, 0)}" for one in all_sorts(session)]
    assert len({client.post(path).data for path in leaving}) == 1
    assert {told(client.post(path, data={"pressed": "1"})) for path in leaving} == {"done=stop"}
    ending, old = seen("stop"), seen("stop", utc_now() - timedelta(hours=2))
    assert len({client.get(path + ending).data for path in leaving}) == 1
    assert all(client.get(path + old).data == client.get(path).data for path in leaving)


def test_nor_does_the_page_for_who_has_booked(session, client):
    link = a_link(session, url="booked", kind=LinkKind.BOOKED)
    mails = [a_message(session, one) for one in all_sorts(session)]
    session.commit()
    paths = [f"/booked/{tokens.sign(Purpose.GO, link.id, mail.id)}" for mail in mails]
    for ending in ("", "?done=booked"):
        assert len({client.get(path + ending).data for path in paths}) == 1
    assert {told(client.post(path)) for path in paths} == {"done=booked"}


def test_a_button_leads_to_an_address_that_says_what_was_done_and_nothing_else_can_be_said_there(client, person):
    answer = client.post(f"{path_of(person)}?done=monthly", data={"wish": "pause"})
    assert (answer.status_code, answer.location.startswith(f"{path_of(person)}?done=pause&")) == (303, True)
    assert "quiet for 30 days" in client.get(answer.location).text
    for other in ("", "everything", "<b>you", "pause"):
        assert client.get(path_of(person), query_string={"done": other}).text == client.get(path_of(person)).text


def test_what_was_done_is_told_for_an_hour_since_nobody_may_see_whether_it_still_holds(client, person):
    for wanted, words in (("pause", "Done. It is quiet for 30 days."), ("stop", "You have left")):
        for minutes, is_told in ((59, True), (61, False)):
            page = client.get(path_of(person) + seen(wanted, utc_now() - timedelta(minutes=minutes))).text
            assert (words in page) is is_told, (wanted, minutes)


def test_back_after_two_choices_and_reload_show_a_page_and_ask_nothing_anew(live, page, session, person):
    opened = page()
    posted = []
    opened.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    opened.goto(live + path_of(person))
    for words, said in (("Monthly only", "One newsletter a month"), ("Send me all", "every newsletter comes again")):
        opened.get_by_role("button", name=words).click()
        opened.get_by_role("status").filter(has_text=said).wait_for()
    opened.go_back()
    opened.get_by_role("status").filter(has_text="One newsletter a month").wait_for()
    opened.reload()
    opened.get_by_role("status").filter(has_text="One newsletter a month").wait_for()
    assert len(posted) == 2
    session.refresh(person)
    assert person.pace == Pace.ALL


def test_looking_changes_nothing(session, client, person):
    for answer in (client.get(path_of(person)), client.head(path_of(person))):
        assert answer.status_code == 200
    session.refresh(person)
    assert (person.state, person.pace, person.paused_until) == (SubscriberState.ACTIVE, Pace.ALL, None)


def test_a_pause_is_30_days_from_now_and_can_be_ended(session, client, person):
    person.paused_until = utc_now() + timedelta(days=3)
    session.commit()
    assert "quiet for 30 days" in wish(client, person, "pause").text
    session.refresh(person)
    assert abs(person.paused_until - utc_now() - timedelta(days=30)) < timedelta(minutes=1)
    assert "The quiet is over" in wish(client, person, "resume").text
    session.refresh(person)
    assert person.paused_until is None


def test_a_longer_pause_that_the_owner_made_is_not_cut_short(session, client, person):
    person.paused_until = until = utc_now() + timedelta(days=90)
    session.commit()
    wish(client, person, "pause")
    session.refresh(person)
    assert person.paused_until == until


def test_a_button_does_nothing_to_somebody_who_has_left_but_another_language(session, client, person):
    wish(client, person, "stop")
    for wanted in ("pause", "resume", "monthly", "again"):
        wish(client, person, wanted)
    wish(client, person, "language", language="it")
    session.refresh(person)
    left = (SubscriberState.UNSUBSCRIBED, None, Pace.ALL, "it")
    assert (person.state, person.paused_until, person.pace, person.language) == left


def test_monthly_only_and_everything_again_which_ends_a_pause_too(session, client, person):
    assert "One newsletter a month at most" in wish(client, person, "monthly").text
    wish(client, person, "pause")
    session.refresh(person)
    assert person.pace == Pace.MONTHLY
    assert person.paused_until is not None
    assert "every newsletter comes again" in wish(client, person, "again").text
    session.refresh(person)
    assert (person.pace, person.paused_until) == (Pace.ALL, None)


def test_stopping_is_leaving(session, client, person):
    assert "No more mails will come" in wish(client, person, "stop").text
    session.refresh(person)
    assert person.state == SubscriberState.UNSUBSCRIBED


def test_the_way_back_is_a_form_of_the_course_the_mail_was_of_or_the_oldest_and_never_theirs_alone(
    session, client, person
):
    course = a_sequence(session)
    shut = a_form(session, slug="shut", sequence_id=course.id, state=FormState.RETIRED)
    of_course = a_form(session, slug="of-the-course", sequence_id=course.id)
    person.form_id = shut.id
    tip = a_message(session, person, step_id=a_step(session, course, 1).id)
    letter = a_message(session, person, kind=MessageKind.NEWSLETTER)
    session.commit()
    for message, slug in ((tip, of_course.slug), (letter, "back-care")):
        answer = client.post(path_of(person, message.id), data={"wish": "stop"}, follow_redirects=True)
        assert f'href="/f/{slug}"' in answer.text


@pytest.mark.parametrize("wanted", ["", "everything", "\0"])
def test_an_unknown_wish_changes_nothing(session, client, person, wanted):
    assert wish(client, person, wanted).status_code == 400


@pytest.mark.parametrize("state", [SubscriberState.ACTIVE, SubscriberState.UNSUBSCRIBED, SubscriberState.BOUNCED])
def test_my_data_always_says_the_same(session, client, person, state):
    person.state = state
    session.commit()
    for _ in range(Limits.address_day + 2):
        assert "a mail with a link for one hour is on its way" in wish(client, person, "my-data").text
    planned = session.scalars(select(Message.template)).all()
    assert set(planned) == {own_data.FRESH_LINK}
    assert len(planned) <= Limits.address_day


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.FRESH, Purpose.VERP])
def test_a_link_for_something_else_opens_nothing(session, client, person, purpose):
    path = f"/preferences/{tokens.sign(purpose, person.id, 0)}"
    assert client.get(path).status_code == client.post(path, data={"wish": "stop"}).status_code == 404
    assert session.scalars(select(Subscriber.state)).one() == SubscriberState.ACTIVE


def test_nobodys_link_opens_nothing(client, session):
    assert client.get(f"/preferences/{tokens.sign(Purpose.PREFERENCES, 999, 0)}").status_code == 404
