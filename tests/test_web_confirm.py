"""Confirming: looking changes nothing, the button does, and every old or broken link is answered kindly."""

from datetime import timedelta

import pytest
from flask import template_rendered
from sqlalchemy import select

from funnel import tokens
from funnel.audience import confirmation
from funnel.db import Session, utc_now
from funnel.models.content import PostState, Sequence, SequenceState
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState, Subscriber, SubscriberState
from funnel.tokens import Purpose
from tests.factories import a_form, a_post, a_sign_up, a_subscriber


@pytest.fixture
def form(session):
    return a_form(session, slug="back-care")


def asked(session, form, ago=timedelta(minutes=1), **changes):
    """The address of the page in the mail of somebody who signed up so long ago."""
    person = a_subscriber(session, email="ada@example.org", state=SubscriberState.PENDING, confirmed_at=None)
    sign_up = a_sign_up(
        session,
        form,
        email="ada@example.org",
        first_name="Ada",
        subscriber_id=person.id,
        state=SignUpState.SETTLED,
        created_at=utc_now() - ago,
        **changes,
    )
    session.commit()
    return f"/confirm/{confirmation.token(sign_up)}"


def state(session):
    session.expire_all()
    return session.scalars(select(Subscriber.state)).one()


@pytest.mark.parametrize("ask", ["get", "head", "options"])
def test_looking_at_the_page_confirms_nothing(session, client, form, ask):
    path = asked(session, form)
    assert getattr(client, ask)(path).status_code == 200
    assert state(session) == SubscriberState.PENDING


def test_the_page_shows_one_button_and_no_address_or_name(session, client, form):
    page = client.get(asked(session, form)).text
    assert page.count("<button") == 1
    assert "ada@example.org" not in page
    assert "Ada" not in page
    assert "<script" not in page


def test_the_button_lets_a_reader_in_and_plans_the_first_mail(session, client, form):
    path = asked(session, form)
    answer = client.post(path)
    assert (answer.status_code, answer.location) == (303, path)
    assert "You are in" in client.get(path).text
    assert state(session) == SubscriberState.ACTIVE
    assert len(session.scalars(select(Message)).all()) == 1


def test_a_second_press_says_you_are_in_and_plans_nothing(session, client, form):
    path = asked(session, form)
    client.post(path)
    for answer in (client.post(path, follow_redirects=True), client.get(path)):
        assert "You are in" in answer.text
    assert len(session.scalars(select(Message)).all()) == 1


def test_a_link_that_has_had_its_time_offers_signing_up_again(session, client, form):
    path = asked(session, form, ago=confirmation.VALID + timedelta(minutes=1))
    for answer in (client.get(path), client.post(path, follow_redirects=True)):
        assert "has had its time" in answer.text
        assert 'href="/f/back-care"' in answer.text
    assert state(session) == SubscriberState.PENDING


def test_the_old_link_of_who_reads_elsewhere_by_now_says_so_and_invites_to_no_second_entry(session, client, form):
    path = asked(session, form)
    client.post(path)
    person = session.scalars(select(Subscriber)).one()
    person.email, person.address_hash = "ada@new.example.org", tokens.address_hash("ada@new.example.org")
    session.commit()
    for answer in (client.get(path), client.post(path, follow_redirects=True)):
        assert "These mails go elsewhere now" in answer.text
        assert "new.example.org" not in answer.text
        assert "/f/back-care" not in answer.text
    person.state = SubscriberState.UNSUBSCRIBED
    session.commit()
    assert 'href="/f/back-care"' in client.get(path).text


@pytest.mark.parametrize("token", ["x", "%00", "a" * 3000, "ü"])
def test_a_broken_link_is_a_friendly_404(session, client, form, token):
    for answer in (client.get(f"/confirm/{token}"), client.post(f"/confirm/{token}")):
        assert answer.status_code == 404
        assert "cut a long address" in answer.text


def test_a_forged_link_is_a_friendly_404(session, client, form):
    asked(session, form)
    sign_up_id = session.scalar(select(SignUp.id))
    for token in (tokens.sign(Purpose.CONFIRM, sign_up_id), tokens.sign(Purpose.UNSUBSCRIBE, sign_up_id)):
        assert client.post(f"/confirm/{token}").status_code == 404
    assert state(session) == SubscriberState.PENDING


def test_the_page_is_kept_by_no_cache_and_told_to_no_other_site(session, client, form):
    headers = client.get(asked(session, form)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]


def test_the_page_is_drawn_once_nobodys_row_is_held_any_more(app, session, client, form):
    path = asked(session, form)
    free = []

    def look(_sender, **_drawn):
        with Session.begin() as other:
            free.append(other.scalars(select(Subscriber).with_for_update(nowait=True)).one().state)

    with template_rendered.connected_to(look, app):
        client.post(path, follow_redirects=True)
    assert free == [SubscriberState.ACTIVE]


def test_the_way_back_leads_to_the_post_they_came_from_or_the_forms_and_else_there_is_none(session, client, form):
    standing, theirs, draft = a_post(session), a_post(session), a_post(session, state=PostState.DRAFT)
    here = asked(session, form, source="my-blog")
    page = client.post(here, follow_redirects=True).text
    assert "you can close this page" in page
    assert "Back to the post" not in page
    sign_up = session.scalars(select(SignUp)).one()
    for post_id, source, slug in (
        (standing.id, "my-blog", standing.slug),
        (standing.id, theirs.slug, theirs.slug),
        (None, theirs.slug, theirs.slug),
        (standing.id, draft.slug, standing.slug),
    ):
        form.post_id, sign_up.source = post_id, source
        session.commit()
        page = client.get(here).text
        assert f'<a href="/posts/{slug}">Back to the post</a>' in page
        assert "close this page" not in page
    form.post_id, sign_up.source = draft.id, draft.slug
    session.commit()
    assert "you can close this page" in client.get(here).text


@pytest.mark.parametrize(
    ("language", "button", "said"),
    [
        ("en", "Send me the tips", "Yes, send me the tips"),
        ("en", "I want the tips", "I want the tips"),
        ("en", "QL tips, please", "QL tips, please"),
        ("it", "Voglio i consigli", "Voglio i consigli"),
    ],
)
def test_the_button_says_yes_where_that_makes_a_sentence(session, client, language, button, said):
    form = a_form(session, slug="tips", language=language, button=button)
    assert f">{said}</button>" in client.get(asked(session, form, language=language)).text


def asked_of_ada(session, form, **changes):
    """The same of somebody who is in already, by another course, and has a link to this form's."""
    path = asked(session, form)
    person = session.scalars(select(Subscriber)).one()
    person.state, person.confirmed_at = SubscriberState.ACTIVE, utc_now() - timedelta(days=9)
    for name, value in changes.items():
        setattr(person, name, value)
    session.commit()
    return path


def test_who_is_in_is_told_that_only_this_begins_and_gets_what_the_form_gives(session, client, form):
    path = asked_of_ada(session, form)
    page = client.get(path).text
    assert "<h1>One tap, and this comes too</h1>" in page
    assert "You are in already. Nothing else changes" in page
    assert form.wording in page
    assert "nothing will come" not in page
    assert session.scalars(select(Message)).all() == []
    done = client.post(path, follow_redirects=True).text
    assert "You are in" in done
    assert "Open the sheet" in done
    assert len(session.scalars(select(Message)).all()) == 1


def test_who_has_a_pause_is_told_when_it_begins(session, client, form):
    path = asked_of_ada(session, form, paused_until=utc_now() + timedelta(days=9))
    assert "In a pause, it begins when the pause is over." in client.get(path).text
    assert "this begins when the pause is over" in client.post(path, follow_redirects=True).text


def test_who_is_in_is_told_that_a_course_is_over(session, client, form):
    path = asked_of_ada(session, form)
    session.get_one(Sequence, form.sequence_id).state = SequenceState.RETIRED
    session.commit()
    for page in (client.get(path).text, client.post(path, follow_redirects=True).text):
        assert "This is not sent any more" in page
        assert "<button" not in page
