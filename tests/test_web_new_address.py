"""Another address: asked for behind the fresh link, confirmed at the new one, told to the old one and nobody else."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from funnel.audience import moving, own_data, retention, suppression
from funnel.db import utc_now
from funnel.mail import render
from funnel.models.choices_made import Choice, Chose, NewAddress
from funnel.models.mail import Message
from funnel.models.people import Consent, ConsentKind, Subscriber, SubscriberState, SuppressionReason
from funnel.tokens import address_hash
from tests.factories import a_subscriber
from tests.readers import fields_of

NEW = "ada@new.example.org"
HOUR = timedelta(hours=1)


@pytest.fixture
def ada(session):
    person = a_subscriber(session, email="ada@old.example.org", language="it")
    session.commit()
    return person


@pytest.fixture
def asks(session, client, ada):
    def ask(email=NEW, **more):
        session.commit()
        answer = client.post(
            f"/my-data/{own_data.fresh_token(ada, utc_now())}/address",
            data={"email": email} | more,
            follow_redirects=True,
        )
        moving.settle(session, utc_now())
        session.commit()
        return answer

    return ask


def mails(session):
    session.expire_all()
    return [(one.template, one.to_address) for one in session.scalars(select(Message).order_by(Message.id))]


def link(session):
    row = session.scalars(select(NewAddress).order_by(NewAddress.id.desc())).first()
    return f"/new-address/{moving.token(row)}"


def at(session, ada):
    session.expire_all()
    return session.get_one(Subscriber, ada.id).email


def test_the_new_address_confirms_and_the_old_one_is_told(session, client, ada, asks):
    asks(f" {NEW} ")
    assert mails(session) == [("new_address", NEW)]
    assert at(session, ada) == "ada@old.example.org"
    page = client.get(link(session)).text
    assert page.count("<button") == 1
    assert at(session, ada) == "ada@old.example.org"
    answer = client.post(link(session))
    assert (answer.status_code, answer.location) == (303, link(session))
    assert "<button" not in client.get(link(session)).text
    assert at(session, ada) == NEW
    assert session.get_one(Subscriber, ada.id).address_hash == address_hash(NEW)
    assert mails(session)[1:] == [("address_moved", "ada@old.example.org")]
    line = session.scalars(select(Consent)).one()
    assert (line.kind, line.how) == (ConsentKind.CONFIRMED, moving.HOW)
    assert line.wording.endswith("Sì, le mandi qui")
    assert line.wording.removesuffix(" Sì, le mandi qui") in unescape(page)  # what was read, in their language
    assert session.scalars(select(Choice.chose)).all() == [Chose.ADDRESS]
    assert session.scalars(select(NewAddress.email)).one() == ""
    client.post(link(session))  # pressed again
    assert len(mails(session)) == 2


def test_its_mails_are_in_the_readers_language_and_say_nothing_of_them(session, client, ada, asks):
    asks()
    client.post(link(session))
    for message in session.scalars(select(Message).order_by(Message.id)).all():
        data = render.rendered(session, message, utc_now()).data.decode()
        assert "e-mail di" in data
        assert "Ada" not in data
        assert ("ada@new" in data, "ada@old" in data) == (
            message.template == "new_address",
            message.template != "new_address",
        )


def test_what_is_answered_is_the_same_whatever_the_address(session, asks):
    a_subscriber(session, email="ben@example.org")
    suppression.suppress(session, address_hash("cleo@example.org"), SuppressionReason.COMPLAINT, utc_now())
    session.commit()
    pages = {asks(email).text for email in (NEW, "ben@example.org", "cleo@example.org", "ada@old.example.org")}
    assert len({page.split("/my-data/")[0] for page in pages}) == 1
    assert mails(session) == [("new_address", NEW), ("new_address", "ben@example.org")]


def test_the_download_does_not_tell_which_addresses_may_not_be_mailed(session, ada, asks):
    suppression.suppress(session, address_hash(NEW), SuppressionReason.COMPLAINT, utc_now())
    asks()
    asks("zoe@example.org")
    told = own_data.export(session, ada.id)["new_addresses"]
    assert [line.pop("email") for line in told] == [NEW, "zoe@example.org"]
    assert [line["done_at"] for line in told] == [None, None]
    assert mails(session) == [("new_address", "zoe@example.org")]


def test_what_is_no_address_is_told_with_what_was_typed(session, asks):
    answer = asks("ada@@example")
    assert answer.status_code == 422
    assert 'value="ada@@example"' in answer.text
    assert mails(session) == []


def test_a_slip_of_the_fingers_is_asked_about_and_the_answer_holds(session, client, ada, asks):
    slip = "ada@gmial.com"
    asked = asks(slip)
    assert asked.status_code == 422
    assert "ada@gmail.com" in asked.text
    assert fields_of(asked)["email"] == slip
    assert mails(session) == []
    anew = asks(slip, answer="change")
    assert anew.status_code == 422
    assert re.search(f'<input[^>]* autofocus [^>]*value="{slip}"', anew.text)  # far down on the page
    assert mails(session) == []
    for answer, address in (("yes", "ada@gmail.com"), ("keep", slip)):
        assert 'role="status"' in asks(f"Ada <{slip}>", answer=answer).text
        assert mails(session)[-1] == ("new_address", address)


def test_one_person_asks_three_times_an_hour_and_one_address_once_in_ten_minutes(session, asks):
    for email in (NEW, NEW, "b@example.org", "c@example.org", "d@example.org"):
        asks(email)
    assert [to for _, to in mails(session)] == [NEW, "b@example.org"]  # the second to NEW was one of the three


def test_an_address_with_an_entry_of_its_own_keeps_it_and_nobody_is_moved_there(session, client, ada, asks):
    """Ada asked for it, and whoever reads at the other address taps: what is theirs must not become hers."""
    theirs = a_subscriber(session, email=NEW, first_name="Nell")
    asks()
    for page in (client.get(link(session)), client.post(link(session), follow_redirects=True)):
        assert "ha già le sue e-mail" in page.text
        assert "<button" not in page.text
    assert at(session, ada) == "ada@old.example.org"
    assert session.get_one(Subscriber, theirs.id).email == NEW
    assert session.get_one(Subscriber, theirs.id).merged_into_id is None
    mine = client.get(f"/my-data/{own_data.fresh_token(session.get_one(Subscriber, ada.id), utc_now())}/download")
    assert "Nell" not in mine.text


def test_the_fresh_link_of_before_a_move_opens_nothing_after_it(session, client, ada, asks):
    """It was mailed to the old address: what the new one adds from now on is not for whoever reads there."""
    before = f"/my-data/{own_data.fresh_token(ada, utc_now())}"
    asks()
    client.post(link(session))
    for path in ("", "/download", "/delete"):
        assert client.get(before + path).status_code == 404
    assert client.post(f"{before}/delete").status_code == 404
    assert at(session, ada) == NEW


def test_a_link_is_good_for_an_hour_and_moves_nobody_who_left_or_was_suppressed(session, client, ada, asks):
    asks()
    row = session.scalars(select(NewAddress)).one()
    suppression.suppress(session, row.address_hash, SuppressionReason.OWNER, utc_now())
    session.commit()
    assert "<button" not in client.post(link(session), follow_redirects=True).text
    suppression.lift(session, row.address_hash, utc_now())
    row.created_at -= HOUR
    session.commit()
    assert "<button" not in client.post(link(session), follow_redirects=True).text
    assert at(session, ada) == "ada@old.example.org"
    assert client.get("/new-address/none").status_code == 404


def test_who_is_not_subscribed_cannot_ask(session, client, ada, asks):
    ada.state = SubscriberState.UNSUBSCRIBED
    asks()
    assert mails(session) == []


def test_wishes_go_with_the_person_and_after_a_month(session, ada, asks):
    asks()
    assert own_data.export(session, ada.id)["new_addresses"][0]["email"] == NEW
    own_data.erase(session, ada.id, utc_now())
    assert session.scalars(select(NewAddress)).all() == []
    ben = a_subscriber(session)
    assert moving.ask(session, ben, "ben@newer.example.org", utc_now() - timedelta(days=2))
    assert retention.retain(session, utc_now())["new addresses not confirmed"] == 1
    assert own_data.export(session, ben.id)["new_addresses"][0]["email"] == ""
    assert moving.ask(session, ben, "ben@new.example.org", utc_now() - retention.UNCONFIRMED * 2)
    assert retention.retain(session, utc_now())["new addresses"] == 1
