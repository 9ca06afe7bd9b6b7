"""Putting right what is kept of one person."""

from funnel.models.people import SubscriberState
from tests.people_desk import desk  # noqa: F401

WHY = "she told me on the telephone"


def correct(desk, **changes):
    fields = {"email": desk.ada.email, "first_name": "Ada", "time_zone": "", "why": ""}
    return desk.press("correct", **(fields | changes))


def test_a_name_and_a_time_zone_are_corrected(desk):
    assert 'value="Ada"' in desk.get("correct")
    assert "Corrected." in correct(desk, first_name=" Adah ", time_zone="Europe/Rome")
    assert (desk.ada.first_name, desk.ada.time_zone) == ("Adah", "Europe/Rome")
    assert desk.noted() == ["corrected what is kept of a person"]
    assert "first name, time zone · by alessandro@example.org" in desk.get()
    assert "Nothing was different." in correct(desk, first_name="Adah", time_zone="Europe/Rome")


def test_a_corrected_address_needs_a_reason(desk):
    page = correct(desk, email="new@example.org")
    assert (desk.status, "how and when they asked" in page, "new@example.org" in page) == (422, True, True)
    assert "Corrected." in correct(desk, email="new@example.org", why=WHY)
    assert desk.ada.email == "new@example.org"
    assert WHY in desk.get()


def test_whoever_has_not_confirmed_is_asked_at_the_new_address(desk):
    desk.ada.state = SubscriberState.PENDING
    desk.session.commit()
    assert "asked to confirm" in correct(desk, email="new@example.org", why=WHY)


def test_every_mistake_is_said_at_its_field_with_what_was_typed(desk):
    page = correct(desk, email="new@", first_name="https://x.example/", time_zone="Mars/North", why="no")
    assert desk.status == 422
    assert page.count('role="alert"') == 4
    assert "Mars/North" in page


def test_an_address_of_somebody_else_offers_to_merge_the_two(desk):
    zoe = desk.person(email="zoe@example.org")
    page = correct(desk, email="zoe@example.org", why=WHY)
    assert f"/owner/people/{desk.ada.id}/merge?other={zoe.id}" in page
    assert desk.status == 422


def test_an_address_that_may_not_be_changed_says_why(desk):
    desk.ada.state = SubscriberState.UNSUBSCRIBED
    desk.session.commit()
    assert "the address stays as it is" in desk.get("correct")
    assert "has ended" in correct(desk, email="new@example.org", why=WHY)
