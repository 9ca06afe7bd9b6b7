"""What came of an issue, as the owner reads it: every number is the count of the people behind it."""

import random
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import NewsletterState, Part
from funnel.models.mail import Link, Message, MessageState
from funnel.models.people import Subscriber
from funnel.models.responses import BookingState, Event, EventKind
from tests.factories import a_booking, an_event, an_issue
from tests.owner_data import signed_in
from tests.result_cast import PLACES, Newsroom
from tests.tally_reference import issue_outcomes

COUNTED = re.compile(r'href="(/owner/newsletters/\d+/results/people\?[^"]+)" aria-label="([\d,]+) ')


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def room(session):
    return Newsroom(session, utc_now())


def page_of(desk, issue):
    return desk.get(f"/owner/newsletters/{issue.id}/results").text


def listed(desk, path):
    """The people behind a number: their ids on all pages."""
    ids, page = [], 1
    while True:
        text = desk.get(f"{path}&page={page}").text
        found = [int(number) for number in re.findall(r'href="/owner/people/(\d+)"', text)]
        ids += found
        if 'rel="next"' not in text:
            return ids
        page += 1


def test_every_number_opens_as_many_people(desk, room):
    issue = room.family(66)
    room.counted()
    links = COUNTED.findall(page_of(desk, issue))
    assert len(links) > 30
    for path, count in links:
        path = path.replace("&amp;", "&")
        people = listed(desk, path)
        assert (path, len(people), len(set(people))) == (path, int(count), int(count))


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_of_random_histories_are_those_of_a_plain_recount(session, desk, room, seed):
    room.dice = random.Random(seed)
    issue = room.family(30) if seed % 2 else room.issue()
    if not seed % 2:
        room.read(issue, room.readers(30))
    room.counted()
    page, home = page_of(desk, issue), f"/owner/newsletters/{issue.id}/results/people"
    family = [issue.id, *session.scalars(wordings(issue))]
    truth = issue_outcomes(session)
    for of in family:
        for which in ("clicked", "booked", "left", "bounced", "complained"):
            people = listed(desk, f"{home}?which={which}&of={of}")
            assert (of, which, sorted(people)) == (of, which, sorted(truth[of, which]))
    assert sorted(listed(desk, f"{home}?which=sent")) == sorted(sent_to(session, family))
    for url, people in followers(session, family).items():
        link = session.scalars(select(Link.id).where(Link.newsletter_id.in_(family), Link.url == url)).first()
        assert set(listed(desk, f"{home}?which=link&link={link}")) == people
    told = {int(hour): int(count) for hour, count in re.findall(r'which=hour[^"]*hour=(\d+)" aria-label="(\d+) ', page)}
    assert told == first_clicks(session, family, issue.started_at)


def wordings(issue):
    from funnel.models.content import Newsletter

    return select(Newsletter.id).where(Newsletter.parent_id == issue.id, Newsletter.part != Part.RESEND)


def sent_to(session, family):
    mails = select(Message.subscriber_id).where(Message.newsletter_id.in_(family), Message.state == MessageState.SENT)
    return list(session.scalars(mails))


def clicks(session, family):
    rows = select(Event, Link).join(Link, Link.id == Event.link_id).where(Link.newsletter_id.in_(family))
    return [
        (event, link)
        for event, link in session.execute(rows)
        if event.kind == "click" and not event.machine and event.subscriber_id and link.kind != "canary"
    ]


def followers(session, family):
    found = {url: set() for kind, url, _ in PLACES if kind != "canary"}
    for event, link in clicks(session, family):
        found[link.url].add(event.subscriber_id)
    return found


def first_clicks(session, family, began):
    first = {}
    for event, _ in clicks(session, family):
        first[event.subscriber_id] = min(event.at, first.get(event.subscriber_id, event.at))
    hours = [(at - began) // timedelta(hours=1) for at in first.values()]
    return {hour: hours.count(hour) for hour in sorted(set(hours)) if hour < 48}


def test_who_got_it_again_counts_once_in_all_of_it(session, desk, room):
    issue, (ada, ben) = room.issue(), room.readers(2)
    again = room.wording(issue, Part.RESEND)
    for one in (issue, again):
        link = room.links(one)[0]
        for mail in room.sent(one, [ada, ben]):
            if mail.subscriber_id == ada.id or one is again:
                room.click(mail, link)
    room.counted()
    row = page_of(desk, issue).split("All of it, each person once")[1]
    assert ">2</a>" in row.split('data-label="clicked"')[1].split("</td>")[0]
    path = f"/owner/newsletters/{issue.id}/results/people?which=clicked&of=together"
    assert sorted(listed(desk, path)) == [ada.id, ben.id]


def test_a_booking_counts_for_the_mail_that_led_to_it_and_a_cancelled_one_does_not(session, desk, room):
    issue, people = room.issue(), room.readers(2)
    mails = room.sent(issue, people)
    for person, mail, state in zip(people, mails, (BookingState.BOOKED, BookingState.CANCELLED), strict=True):
        a_booking(session, person, message_id=mail.id, state=state)
    room.counted()
    assert listed(desk, f"/owner/newsletters/{issue.id}/results/people?which=booked") == [people[0].id]


def test_a_rate_of_few_has_its_band(desk, room):
    issue, people = room.issue(), room.readers(4)
    link = room.links(issue)[0]
    room.click(room.sent(issue, people)[0], link)
    room.counted()
    assert "25 % (5–70 %)" in page_of(desk, issue)


def test_the_page_of_an_issue_leads_to_its_results(desk, room):
    issue = room.family(30)
    room.counted()
    assert f'href="/owner/newsletters/{issue.id}/results"' in desk.get(f"/owner/newsletters/{issue.id}").text


def test_a_draft_leads_back_and_says_why(session, desk):
    issue = an_issue(session, state=NewsletterState.DRAFT)
    session.commit()
    answer = desk.get(f"/owner/newsletters/{issue.id}/results")
    assert answer.location == f"/owner/newsletters/{issue.id}"
    assert "Nothing of it was sent yet" in desk.get(answer.location).text


def test_a_wording_leads_to_its_issue(session, desk, room):
    issue = room.issue()
    part = room.wording(issue, Part.A)
    session.commit()
    assert desk.get(f"/owner/newsletters/{part.id}/results").location == f"/owner/newsletters/{issue.id}/results"


def test_one_that_is_being_sent_says_that_nothing_was_accepted_yet(session, desk, room):
    issue = room.issue(timedelta(minutes=1), state=NewsletterState.SENDING, ended_at=None)
    session.commit()
    assert "No mail of it has been accepted so far" in page_of(desk, issue)


def test_numbers_that_still_grow_say_so(desk, room):
    issue = room.issue(timedelta(minutes=4))
    room.sent(issue, room.readers(1))
    room.counted()
    page = page_of(desk, issue)
    assert "The first left 4 minutes ago: most clicks come within two days" in page
    assert "Nobody clicked in the first 48 hours so far" in page


def test_a_mail_that_came_back_late_is_none_that_came_back(session, desk, room):
    issue, people = room.issue(), room.readers(2)
    for mail, detail in zip(room.sent(issue, people), ({"delayed": True}, {}), strict=True):
        an_event(session, EventKind.BOUNCE, mail, detail=detail)
    room.counted()
    assert listed(desk, f"/owner/newsletters/{issue.id}/results/people?which=bounced") == [people[1].id]


@pytest.mark.parametrize("query", ["which=x", "which=clicked&of=99", "which=link&link=99", "which=hour&hour=48"])
def test_people_of_what_is_not_there_are_not_found(session, desk, room, query):
    issue = room.issue()
    session.commit()
    assert desk.get(f"/owner/newsletters/{issue.id}/results/people?{query}").status_code == 404


def test_a_far_page_goes_on_where_the_one_before_ended(session, desk, room, monkeypatch):
    from funnel.insight import counts, result_people, tallies

    monkeypatch.setattr(counts, "BLOCK", 7)
    monkeypatch.setattr(tallies, "BLOCK", 7)
    monkeypatch.setattr(result_people, "BLOCK", 7)
    issue, people = room.issue(), room.readers(120)
    room.sent(issue, people)
    room.sent(room.issue(), room.readers(3))
    room.counted()
    found = listed(desk, f"/owner/newsletters/{issue.id}/results/people?which=sent")
    assert found == sorted((person.id for person in people), reverse=True)
    assert "There is no page 9" in desk.get(f"/owner/newsletters/{issue.id}/results/people?which=sent&page=9").text
    assert session.get(Subscriber, found[0]) is not None
