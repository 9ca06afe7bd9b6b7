from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.db import Session
from funnel.models.mail import WAITING, LinkKind, MessageState
from funnel.models.responses import Event
from funnel.response import clicks, machine
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_subscriber
from tests.test_response_clicks import BROWSER, SENT, visited

PEOPLE = (
    BROWSER,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 Chrome/140.0 [FB_IAB/FB4A;FBAV/500.0]",
)
MACHINES = (
    "",
    "  ",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23.20.0 A",
    "BarracudaCentral",
    "Mozilla/5.0 (Windows NT 6.1) HeadlessChrome/120.0",
    "Microsoft Office Existence Discovery",
    "Microsoft Office SafeLinks",
    "curl/8.5.0",
    "python-requests/2.32",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
)


def marks(session):
    session.expire_all()
    return [(event.machine, event.reason) for event in session.scalars(select(Event).order_by(Event.id))]


def a_mail(session, **changes):
    return a_message(session, a_subscriber(session), **(SENT | changes))


def alone(agent=BROWSER, head=False, delivery=None):
    return machine.reason(head=head, agent=agent, delivery=delivery, now=NOW)


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_browser_is_a_person(agent):
    assert alone(agent) == ""


@pytest.mark.parametrize("agent", MACHINES)
def test_a_scanner_by_its_name_is_a_machine(agent):
    assert alone(agent) == machine.BY_NAME


def test_who_asks_for_the_headers_only_is_a_machine():
    assert alone(head=True) == machine.HEAD_ONLY


def test_nobody_reads_a_mail_in_less_than_two_seconds():
    def after(delay, state=MessageState.SENT):
        return alone(delivery=machine.Delivery(state, NOW - delay))

    just_under = machine.SOONEST_PERSON - timedelta(milliseconds=1)
    assert after(just_under) == machine.TOO_SOON
    assert after(machine.SOONEST_PERSON) == ""
    for state in WAITING:  # it is being sent
        assert alone(delivery=machine.Delivery(state, None)) == machine.TOO_SOON
    assert alone(delivery=machine.Delivery(MessageState.UNKNOWN, None)) == ""


def test_a_machine_is_noted_and_led_on_like_anybody(session):
    link = a_link(session)
    assert visited(session, link, a_mail(session), head=True) == link.url
    assert marks(session) == [(True, machine.HEAD_ONLY)]


def test_a_person_after_the_scanner_is_counted(session):
    link, message = a_link(session), a_mail(session)
    visited(session, link, message, head=True)
    visited(session, link, message, now=NOW + timedelta(seconds=5))
    assert marks(session) == [(True, machine.HEAD_ONLY), (False, "")]


def test_three_links_at_once_are_a_machines_and_the_earlier_ones_are_marked_with_it(session):
    message = a_mail(session)
    long_before = a_link(session)
    visited(session, long_before, message, now=NOW - timedelta(minutes=5))
    for place in range(4):
        visited(session, a_link(session), message, now=NOW + timedelta(milliseconds=300 * place))
    assert marks(session) == [(False, "")] + [(True, machine.ALL_AT_ONCE)] * 4


def test_two_links_at_once_or_one_thrice_are_a_persons(session):
    message, one, other = a_mail(session), a_link(session), a_link(session)
    for link in (one, one, other, one):
        visited(session, link, message)
    assert marks(session) == [(False, "")] * 2


def test_three_links_in_their_own_time_are_a_persons(session):
    message = a_mail(session)
    for place in range(3):
        visited(session, a_link(session), message, now=NOW + timedelta(seconds=2.1 * place))
    assert marks(session) == [(False, "")] * 3


def test_three_readers_at_once_are_three_people(session):
    for _ in range(3):
        visited(session, a_link(session), a_mail(session))
    assert marks(session) == [(False, "")] * 3


def test_the_hidden_link_gives_away_what_came_ten_seconds_before_and_after(session):
    message, canary = a_mail(session), a_link(session, kind=LinkKind.CANARY)
    for seconds in (-11, -9):
        visited(session, a_link(session), message, now=NOW + timedelta(seconds=seconds))
    visited(session, canary, message)
    for seconds in (9, 11):
        visited(session, a_link(session), message, now=NOW + timedelta(seconds=seconds))
    hidden = (True, machine.HIDDEN_LINK)
    assert marks(session) == [(False, ""), hidden, hidden, hidden, (False, "")]


def test_a_machine_by_name_on_the_hidden_link_gives_the_others_away_too(session):
    message = a_mail(session)
    visited(session, a_link(session), message)
    visited(session, a_link(session, kind=LinkKind.CANARY), message, agent="Barracuda Sentinel")
    assert marks(session) == [(True, machine.HIDDEN_LINK), (True, machine.BY_NAME)]


def test_the_persons_click_in_the_minute_of_the_scanners_is_not_lost(session):
    message, links = a_mail(session), [a_link(session) for _ in range(3)]
    for link in links:
        visited(session, link, message)
    visited(session, links[0], message, now=NOW + timedelta(seconds=30))
    assert marks(session) == [(True, machine.ALL_AT_ONCE)] * 3 + [(False, "")]


def test_a_scanners_simultaneous_visits_see_one_another(session):
    message = a_mail(session)
    links = [a_link(session) for _ in range(6)]
    signed = [tokens.sign(tokens.Purpose.GO, link.id, message.id) for link in links]
    session.commit()

    def visit(token):
        with Session.begin() as own:
            clicks.visit(own, token, head=False, agent=BROWSER, now=NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(visit, signed))
    assert marks(session) == [(True, machine.ALL_AT_ONCE)] * 6
