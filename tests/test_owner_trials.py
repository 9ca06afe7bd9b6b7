"""A test of words as they are typed."""

from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from funnel import shelf
from funnel.db import utc_now
from funnel.mail import render
from funnel.mail.encoding import Unsendable
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageKind
from tasks.mail import send_urgent
from tests.owner_data import EMAIL, Practice, press, signed_in, token

PAGE, EDITOR = "/owner/newsletters/preview", "/owner/mails/1/edit"
TYPED = {
    "subject": 'News for {{ first_name | default("you") }}',
    "preheader": "",
    "body": "Hello.",
}


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def send(desk, part=True, **changes):
    data = {"csrf_token": token(desk, EDITOR), **TYPED, **changes}
    return desk.post(f"{PAGE}/test", data=data, headers={"X-Part": "1"} if part else {})


def planned(session):
    session.expire_all()
    return session.scalars(select(Message).where(Message.kind == MessageKind.TEST)).all()


def test_a_test_arrives_marked_and_filled_as_the_person_it_was_shown_as(desk, practice, sink):
    ada = practice.newcomer("Ada")
    practice.session.commit()
    answer = send(desk, reader="person", reader_words=ada.email)
    send_urgent()

    (caught,) = sink.caught
    assert caught.recipient == EMAIL
    assert message_from_bytes(caught.data, policy=policy.default)["Subject"] == "[TEST] News for Ada"
    assert "begins with [TEST]" in answer.text
    assert practice.session.scalars(select(AuditEntry.action)).all() == ["sent a test of words as typed"]


def test_it_goes_where_one_types(desk, practice, sink):
    send(desk, test_to="friend@example.org")
    send_urgent()

    assert [caught.recipient for caught in sink.caught] == ["friend@example.org"]
    assert b"[TEST]" in sink.caught[0].data


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"test_to": "no address"}, "“no address” is not a mail address"),
        ({"body": "{{ nothing }}"}, "“nothing” is not a tag"),
        ({"subject": " "}, "has no subject yet"),
    ],
)
def test_what_cannot_be_sent_says_why(desk, practice, changes, words):
    answer = send(desk, **changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert planned(practice.session) == []


def test_with_redis_away_one_is_told_to_save_first(desk, practice, frozen_redis):
    assert "Save them, then try" in send(desk).text
    assert planned(practice.session) == []


def test_words_that_were_kept_too_long_are_not_sent(desk, practice):
    send(desk)
    (message,) = planned(practice.session)
    shelf.keep({message.key: None}, 1)

    with pytest.raises(Unsendable, match="for an hour only"):
        render.rendered(practice.session, message, utc_now())


def test_redis_away_when_it_leaves_is_said_too(desk, practice, request):
    send(desk)
    (message,) = planned(practice.session)
    request.getfixturevalue("frozen_redis")
    with pytest.raises(Unsendable, match="for an hour only"):
        render.rendered(practice.session, message, utc_now())


def test_the_twenty_first_in_an_hour_waits(desk, practice):
    for _ in range(20):
        send(desk)

    assert "Please wait 60 minutes" in send(desk).text
    assert len(planned(practice.session)) == 20


def test_without_script_the_answer_is_a_page_beside_the_editor(desk, practice, setting):
    setting(SMTP_URL="smtp://mail.example.org")
    page = send(desk, part=False).text

    assert "<h1>A test is on its way</h1>" in page
    assert f"On its way to {EMAIL}, as somebody made up would get it" in page


def test_what_is_not_mailed_has_no_test_and_a_form_no_list(desk, practice):
    for path in ("/owner/posts/1/test", "/owner/posts/preview/test", "/owner/forms/preview/checks"):
        assert press(desk, path, on=EDITOR).status_code == 404
    assert planned(practice.session) == []
