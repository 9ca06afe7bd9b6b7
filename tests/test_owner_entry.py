"""Coming in by a mailed link when the password is forgotten."""

import re

import pytest
from sqlalchemy import select

from funnel.db import Session, utc_now
from funnel.house import entry
from funnel.mail import delivery
from funnel.models.house import Owner
from funnel.models.mail import Message, Queue
from funnel.tokens import Purpose
from funnel.web.owner import accounts
from funnel.web.owner import entry as pages
from tests.owner_data import EMAIL, PASSWORD, press, sign_in

pytestmark = pytest.mark.usefixtures("quick_hashing")
NEW = "seven green lanterns"
FORGOTTEN = "/owner/forgotten"


@pytest.fixture
def browser(app):
    with Session.begin() as session:
        accounts.create(session, EMAIL, PASSWORD, utc_now())
    return app.test_client()


def ask(browser, email=EMAIL):
    return press(browser, FORGOTTEN, on=FORGOTTEN, email=email)


def planned() -> list[str]:
    with Session.begin() as session:
        return list(session.scalars(select(Message.to_address).where(Message.template == "password_link")))


def link() -> str:
    with Session.begin() as session:
        return "/owner/enter/" + entry.token(session.scalars(select(Owner)).one(), Purpose.FORGOTTEN, utc_now())


def test_the_answer_is_the_same_whether_the_address_is_known_or_not(browser):
    answers = {}
    for email in (EMAIL, "nobody@example.org"):
        assert ask(browser, email).location == "/owner/sign-in"
        answers[email] = browser.get("/owner/sign-in").text.replace(email, "…")
    first, second = (text.partition("<main")[2].partition("<form")[0] for text in answers.values())

    assert first == second
    assert "is on its way there" in first
    assert planned() == [EMAIL]


def test_the_mail_holds_a_link_that_sets_a_password_once(browser, sink, setting):
    setting(SMTP_URL=sink.url)
    ask(browser)
    delivery.deliver_now(Queue.URGENT, utc_now())
    text = sink.caught[0].mail.get_body(("plain",)).get_content()
    path = re.search(r"http://127\.0\.0\.1:8000(/owner/enter/[\w-]+)", text)[1]

    press(browser, path, on=path, password=NEW, password_again=NEW)

    assert sign_in(browser, password=NEW).location == "/owner/"
    assert browser.get(path).status_code == 404


def test_whose_password_is_set_by_a_link_hears_of_it(browser):
    path = link()
    press(browser, path, on=path, password=NEW, password_again=NEW)

    with Session.begin() as session:
        told = session.scalars(select(Message.to_address).where(Message.template == "account_changed"))
        assert told.all() == [EMAIL]


def test_what_cannot_be_a_password_is_refused_with_the_reason(browser):
    path = link()
    for password, again, why in (("short", "short", "shorter than 12"), (NEW, NEW + "!", "not the same")):
        answer = press(browser, path, on=path, password=password, password_again=again)
        assert (answer.status_code, why in answer.text) == (422, True)
    assert sign_in(browser).location == "/owner/"


def test_a_link_that_ended_says_what_to_do(browser):
    answer = press(browser, "/owner/enter/none", password=NEW, password_again=NEW)

    assert (answer.status_code, "has had its time" in answer.text) == (404, True)


def test_one_address_gets_so_many_mails_an_hour_and_the_page_does_not_tell(browser):
    for _ in range(pages.ADDRESS_LIMIT[0] + 2):
        assert ask(browser).location == "/owner/sign-in"

    assert len(planned()) == pages.ADDRESS_LIMIT[0]


def test_a_link_planned_for_somebody_removed_since_is_not_sent(browser, sink, setting):
    setting(SMTP_URL=sink.url)
    ask(browser)
    with Session.begin() as session:
        session.scalars(select(Owner)).one().removed_at = utc_now()
    delivery.deliver_now(Queue.URGENT, utc_now())

    with Session.begin() as session:
        message = session.scalars(select(Message)).one()
        assert (message.state, "may not sign in any more" in message.reason) == ("failed", True)
