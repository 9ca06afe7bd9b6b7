"""What ends something for one person, asked before."""

import pytest

from funnel.audience import suppression
from funnel.db import utc_now
from funnel.models.people import SubscriberState, SuppressionReason
from tests.people_desk import desk  # noqa: F401


def reason(desk):
    return suppression.reason(desk.session, desk.ada.address_hash)


def test_a_person_is_unsubscribed_once(desk):
    assert "only they can come back" in desk.get("end/unsubscribe")
    assert "No more mail comes." in desk.press("end/unsubscribe")
    assert desk.ada.state is SubscriberState.UNSUBSCRIBED
    assert "it was so already" in desk.press("end/unsubscribe")
    assert desk.noted() == ["unsubscribed a person"]


def test_an_address_is_suppressed_and_that_is_lifted(desk):
    assert "not mailed any more" in desk.press("end/suppress")
    assert (desk.ada.state, reason(desk)) == (SubscriberState.UNSUBSCRIBED, SuppressionReason.OWNER)
    assert "Let them be mailed again" in desk.get()
    assert "it was so already" in desk.press("end/suppress")
    assert "may be mailed again" in desk.press("end/lift")
    assert reason(desk) is None
    assert "it was so already" in desk.press("end/lift")


def test_a_complaint_is_not_the_owner_s_to_lift(desk):
    suppression.suppress(desk.session, desk.ada.address_hash, SuppressionReason.COMPLAINT, utc_now())
    desk.session.commit()
    page = desk.get()
    assert "not to be mailed: complaint" in page
    assert "Never mail this address" not in page
    assert "it was so already" in desk.press("end/lift")
    assert "it was so already" in desk.press("end/suppress")
    assert reason(desk) is SuppressionReason.COMPLAINT


def test_everything_is_deleted_only_once_the_word_is_typed(desk):
    page = desk.press("end/erase", word="yes")
    assert (desk.status, "Please type the word delete." in page) == (422, True)
    assert desk.ada.state is SubscriberState.ACTIVE
    page = desk.press("end/erase", word=" Delete ")
    assert "names nobody, and keeps the counts true" in page
    assert (desk.ada.state, desk.ada.email) == (SubscriberState.ERASED, None)
    assert desk.browser.get(f"{desk.home}/end/erase").status_code == 404


@pytest.mark.parametrize("how", ["nothing", "ERASE"])
def test_there_is_no_other_way_to_end(desk, how):
    assert desk.browser.get(f"{desk.home}/end/{how}").status_code == 404
