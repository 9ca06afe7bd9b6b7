"""Adding somebody by hand."""

from datetime import timedelta

from sqlalchemy import select, update

from funnel.models.door import CausedMail
from funnel.models.people import SignUp, Subscriber, SubscriberState
from tests.people_desk import desk  # noqa: F401

HOUR = timedelta(hours=1)


def add(desk, **changes):
    fields = {"email": "zoe@example.org", "first_name": "Zoë", "evidence": "a signed paper of 3 March", "form": "1"}
    return desk.press("/owner/people/add", **(fields | changes))


def added(desk):
    return desk.session.scalars(select(Subscriber).where(Subscriber.email == "zoe@example.org")).one_or_none()


def test_somebody_is_asked_by_mail_unless_the_owner_holds_the_evidence(desk):
    assert "asked by mail to confirm" in add(desk)
    assert added(desk).state is SubscriberState.PENDING
    assert "a signed paper of 3 March" in desk.get(f"/owner/people/{added(desk).id}")


def test_with_evidence_and_the_course_they_get_its_first_mail(desk):
    page = add(desk, how="confirmed", course="1")
    assert "Added, on the evidence you gave." in page
    assert "Waits to be sent: " in page
    assert added(desk).state is SubscriberState.ACTIVE


def test_every_mistake_is_said_and_what_was_typed_is_kept(desk):
    page = add(desk, email="zoe@", evidence="yes", form="99", how="confirmed")
    assert desk.status == 422
    assert page.count('role="alert"') == 3
    assert 'value="zoe@"' in page
    assert added(desk) is None


def test_a_known_address_leads_to_its_person_and_a_suppressed_one_says_why(desk):
    page = add(desk, email=desk.ada.email)
    assert f'href="/owner/people/{desk.ada.id}"' in page
    desk.press("end/erase", word="delete")
    desk.press("end/suppress")
    zoe = desk.person(email="zoe@example.org")
    desk.press(f"/owner/people/{zoe.id}/end/erase", word="delete")
    assert "They can come back by signing up themselves." in add(desk)


def test_without_a_form_nobody_can_be_added(desk, monkeypatch):
    from funnel.web.owner import by_hand

    monkeypatch.setattr(by_hand, "select", lambda form: select(form).where(form.id < 0))
    assert "There is no form yet" in desk.get("/owner/people/add")


def test_who_has_not_confirmed_can_be_asked_again_from_their_page(desk):
    add(desk)
    zoe = added(desk)
    sign_up = desk.session.scalars(select(SignUp).where(SignUp.subscriber_id == zoe.id)).one()
    page = desk.press(f"/owner/people/{zoe.id}/ask-again")
    assert "asked to confirm a moment ago" in page
    desk.session.execute(update(CausedMail).values(at=sign_up.created_at - HOUR))
    desk.session.commit()
    assert "They are asked once more" in desk.press(f"/owner/people/{zoe.id}/ask-again")
    assert "Ask them again" in desk.get(f"/owner/people/{zoe.id}")
    assert "Ask them again" not in desk.get(f"/owner/people/{desk.ada.id}")
