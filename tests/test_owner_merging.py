"""Two entries of one person made one."""

from funnel.models.people import SubscriberState
from tests.people_desk import desk  # noqa: F401


def test_the_duplicate_is_found_by_its_address_looked_at_and_merged_once_the_word_is_typed(desk):
    zoe = desk.person(email="ada.l@example.org")
    assert "Which address is the other entry" in desk.get("merge")
    page = desk.get("merge?address=ada.l@example.org")
    assert "It cannot be undone." in page
    assert f"/owner/people/{zoe.id}/merge?other={desk.ada.id}" in page
    assert "type the word merge" in desk.press("merge", other=str(zoe.id), word="yes")
    assert desk.status == 422
    assert "Merged." in desk.press("merge", other=str(zoe.id), word="merge")
    assert (zoe.state, zoe.merged_into_id) == (SubscriberState.ERASED, desk.ada.id)
    assert "was merged into" in desk.get(f"/owner/people/{zoe.id}")


def test_nobody_is_merged_who_cannot_be(desk):
    assert "Nobody in your list" in desk.get("merge?address=nobody@example.org")
    assert "same entry" in desk.get(f"merge?other={desk.ada.id}")
    assert "same entry" in desk.press("merge", other=str(desk.ada.id), word="merge")
    assert "Nobody in your list" in desk.press("merge", other="999", word="merge")
    assert "Which address" in desk.get(f"merge?other={2**64}")
