"""Tags on the owner's pages."""

from sqlalchemy import select

from funnel.audience import segments
from funnel.db import utc_now
from funnel.models.tags import Tag
from tests.people_desk import desk  # noqa: F401


def tag(desk, name="Came by foot"):
    desk.press("tags", name=name)
    return desk.session.scalars(select(Tag).order_by(Tag.id.desc())).first()


def test_a_tag_is_put_on_a_person_and_taken_off_again(desk):
    assert "Tagged “came by foot”." in desk.press("tags", name="Came  by foot")
    made = desk.session.scalars(select(Tag)).one()
    assert "came by foot" in desk.get("/owner/people")
    assert "is off" in desk.press(f"tags/{made.id}/off")
    assert "Bears the tag" not in desk.get()
    assert desk.noted() == ["put a tag on a person", "took a tag off a person"]


def test_a_tag_that_cannot_be_says_why(desk):
    assert "No tag was added. Please leave commas out" in desk.press("tags", name="one, two")


def test_with_no_tag_the_list_says_what_they_are_for(desk):
    assert "No tag yet" in desk.get("/owner/tags")
    made = tag(desk)
    page = desk.get("/owner/tags")
    assert "1 person" in page
    assert f'href="/owner/people?tag={made.id}"' in page


def test_a_tag_is_renamed_and_one_that_is_taken_offers_to_merge(desk):
    first, second = tag(desk).id, tag(desk, "walker").id
    page = desk.press(f"/owner/tags/{first}/name", name="Walker")
    assert (desk.status, "Merge the two below" in page) == (422, True)
    assert "is called “friend” now" in desk.press(f"/owner/tags/{first}/name", name="friend")
    assert "tagged “walker” now" in desk.press(f"/owner/tags/{first}/merge", into=str(second))
    assert desk.session.scalars(select(Tag.name)).all() == ["walker"]
    desk.press(f"/owner/tags/{second}/merge", into=str(second))
    assert desk.status == 400
    assert "is deleted" in desk.press(f"/owner/tags/{second}/delete")
    assert "It was gone already" in desk.press(f"/owner/tags/{second}/delete")
    assert desk.browser.get(f"/owner/tags/{second}").status_code == 404


def test_a_tag_that_a_segment_names_is_not_deleted_and_the_page_says_where(desk):
    made = tag(desk).id
    segments.keep(desk.session, "Walkers", {"is": "tagged", "tag": made}, utc_now())
    desk.session.commit()
    page = desk.press(f"/owner/tags/{made}/delete")
    assert (desk.status, "It was not deleted: the segment “Walkers” names it" in page) == (409, True)
    assert desk.session.scalars(select(Tag.id)).all() == [made]
