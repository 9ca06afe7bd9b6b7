"""Segments made, counted, explained and deleted on the owner's pages."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from funnel.audience import segments, tags
from funnel.audience.rule import RuleError
from funnel.models.house import AuditEntry, Role
from funnel.models.people import SubscriberState
from funnel.models.segments import SavedSegment
from funnel.web.owner import rule_form
from tests import factories
from tests.owner_data import press, signed_in, token
from tests.people_desk import desk  # noqa: F401

BOOKED = {"all": [{"all": [{"is": "booked"}]}]}
ONE_LINE = {"rule-1-1-what": "booked"}


def text(page):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def saved(desk, name="Booked", rule=BOOKED):
    found = segments.keep(desk.session, name, rule, desk.practice.now)
    desk.session.commit()
    return found.id


@pytest.fixture
def booker(desk):
    ben = desk.person(email="ben@example.org", first_name="Ben")
    factories.a_booking(desk.session, ben)
    desk.session.commit()
    return ben


def test_where_no_segment_is_yet_some_are_offered(desk):
    page = desk.get("/owner/segments")
    assert "No segment yet" in page
    for key in ("all", "nearly", "finished", "quiet", "booked"):
        assert f"/owner/segments/new?from={key}" in page
        begun = desk.get(f"/owner/segments/new?from={key}")
        assert 'id="name" name="name" value=""' not in begun


def test_a_segment_is_saved_counted_and_listed(desk, booker):
    page = desk.press("/owner/segments/new", on="/owner/segments/new", name="Those who booked", **ONE_LINE)
    assert "1 person who may be written to" in text(page)
    assert f'href="/owner/people/{booker.id}"' in page
    found = desk.session.scalars(select(SavedSegment)).one()
    assert (found.name, found.rule) == ("Those who booked", BOOKED)
    assert "saved a segment" in desk.noted()
    listed = text(desk.get("/owner/segments"))
    assert "Those who booked 1 person" in listed


def test_a_line_is_added_and_taken_off_and_nothing_typed_is_lost(desk, booker):
    typed = {"name": "A name", "rule-1-1-what": "booked", "rule-1-1-not": "not", "rule-1-match": "any"}
    more = desk.press("/owner/segments/new", on="/owner/segments/new", **typed, **{"rule-do": "add-line-1"})
    assert desk.status == 200
    assert 'value="A name"' in more
    assert 'name="rule-1-2-what"' in more
    assert re.search(r'value="not" selected', more)
    assert re.search(r'<option value="any" selected', more)
    two = typed | {"rule-1-2-what": "quiet", "rule-1-2-days": "30", "rule-do": "drop-line-1-1"}
    less = desk.press("/owner/segments/new", on="/owner/segments/new", **two)
    assert 'name="rule-1-2-what"' not in less
    assert '<option value="quiet" selected>' in less
    assert 'value="30"' in less
    grouped = desk.press("/owner/segments/new", on="/owner/segments/new", **typed, **{"rule-do": "add-group"})
    assert 'name="rule-2-1-what"' in grouped
    assert desk.session.scalars(select(SavedSegment)).all() == []


def test_what_makes_no_sense_is_told_beside_its_line_and_kept_as_typed(desk):
    typed = {"name": "X", "rule-1-1-what": "booked", "rule-1-2-what": "quiet", "rule-1-2-days": "soon"}
    page = desk.press("/owner/segments/new", on="/owner/segments/new", **typed)
    assert desk.status == 422
    assert 'id="rule-1-2-problem" role="alert">Please type a number of days from 1 to 3650.' in page
    assert 'value="soon"' in page
    unchosen = desk.press("/owner/segments/new", on="/owner/segments/new", name="X", **{"rule-1-1-what": ""})
    assert 'id="rule-1-1-problem" role="alert">Please choose what is asked.' in unchosen
    nameless = desk.press("/owner/segments/new", on="/owner/segments/new", name=" ", **ONE_LINE)
    assert 'id="name-problem" role="alert">Please type a name.' in nameless
    gone = desk.press("/owner/segments/new", on="/owner/segments/new", name="X", **{"rule-1-1-what": "tagged:9"})
    assert (desk.status, "what this line names is there no more" in gone) == (422, True)


def test_a_segment_is_changed(desk, booker):
    number = saved(desk)
    path = f"/owner/segments/{number}"
    page = desk.press(path, on=path, name="Not booked", **{"rule-1-1-what": "booked", "rule-1-1-not": "not"})
    assert "ada" in page.lower()
    assert desk.session.get_one(SavedSegment, number).rule == {"all": [{"all": [{"not": {"is": "booked"}}]}]}
    itself = desk.press(path, on=path, name="Not booked", **{"rule-1-1-what": f"segment:{number}"})
    assert "A segment may not name itself" in itself


def test_the_count_is_a_part_of_a_page_of_the_lines_that_make_sense_so_far(desk, booker):
    data = {"csrf_token": token(desk.browser, "/owner/segments/new"), "rule-1-1-what": "booked", "rule-1-2-what": ""}
    answer = desk.browser.post("/owner/segments/count", data=data)
    assert "<!doctype" not in answer.text
    assert "1 person who may be written to" in text(answer.text)
    assert "Nobody." in desk.browser.post("/owner/segments/count", data=data | {"rule-1-1-what": "nearly_booked"}).text
    gone = desk.browser.post("/owner/segments/count", data=data | {"rule-1-1-what": "segment:99"}).text
    assert "there no more" in gone


def test_why_somebody_is_in_or_out_is_told_line_by_line(desk, booker):
    tag = tags.tag(desk.session, "runner", desk.practice.now)
    inner = saved(desk, "Booked")
    lines = [
        {"not": {"is": "tagged", "tag": tag.id}},
        {"is": "segment", "segment": inner},
        {"is": "quiet", "days": 3000},
    ]
    number = saved(desk, "Many", {"all": [{"any": lines}, {"all": [{"is": "everybody"}]}]})
    page = text(desk.get(f"/owner/segments/{number}?who=BEN@example.org"))
    for words in (
        "ben@example.org is in the segment",
        "✓ yes not those who bear the tag “runner”",
        "✓ yes those who are in the segment “Booked”",
        "✓ yes those who booked",
        "✗ no those who clicked nothing in the last 3,000 days",
    ):
        assert words in page
    desk.person(email="left@example.org", state=SubscriberState.UNSUBSCRIBED)
    assert "and gets no newsletter: they left" in text(desk.get(f"/owner/segments/{number}?who=left@example.org"))
    assert "Nobody has the address “x@example.org”" in text(desk.get(f"/owner/segments/{number}?who=x@example.org"))


def test_a_segment_is_deleted_after_a_question_unless_another_names_it(desk):
    number = saved(desk)
    other = saved(desk, "Other", {"all": [{"all": [{"not": {"is": "segment", "segment": number}}]}]})
    path = f"/owner/segments/{number}/delete"
    assert "Delete the segment “Booked”?" in desk.get(path)
    kept = desk.press(path, on=path)
    assert (desk.status, "It was not deleted: the segment “Other” uses it" in kept) == (409, True)
    for one in (other, number):
        page = desk.press(f"/owner/segments/{one}/delete", on=f"/owner/segments/{one}/delete")
    assert "is deleted. Nobody in it has changed." in page
    assert "It was gone already" in desk.press(f"/owner/segments/{one}/delete", on="/owner/segments/new")
    assert desk.session.scalars(select(SavedSegment)).all() == []
    assert "deleted a segment" in desk.noted()


def test_the_people_of_a_segment_are_listed_and_taken_away_as_a_file(desk, booker):
    number = saved(desk)
    page = desk.get(f"/owner/people?saved={number}&state=active")
    assert ("ben@example.org" in page, desk.ada.email in page) == (True, False)
    assert "in the segment “Booked”" in page
    table = desk.get(f"/owner/people.csv?saved={number}&plain=1")
    assert [line.split(",")[0] for line in table.splitlines()] == ["Address", "ben@example.org"]
    assert "Left out, since it makes no sense: segment." in desk.get("/owner/people?saved=99")
    assert desk.browser.get("/owner/people.csv?saved=99").status_code == 404
    assert desk.browser.get("/owner/people/bulk?do=tag&all=1&saved=99").status_code == 404


def test_a_rule_of_more_levels_is_shown_and_not_edited(desk, booker):
    number = saved(desk, "Deep", {"not": {"all": [{"any": [{"is": "booked"}]}]}})
    page = desk.get(f"/owner/segments/{number}")
    assert "more levels than fit on this page" in page
    assert 'name="rule-1-1-what"' not in page
    assert "1 person who may be written to" in text(page)


def test_a_viewer_looks_and_changes_nothing(app, desk, booker):
    number = saved(desk)
    viewer = signed_in(app, Role.VIEWER, "viewer@example.org")
    page = viewer.get(f"/owner/segments/{number}").text
    assert "1 person who may be written to" in text(page)
    assert "Delete the segment" not in page
    assert "people.csv" not in page
    assert press(viewer, f"/owner/segments/{number}/delete", on=f"/owner/segments/{number}").status_code == 403
    assert desk.session.scalars(select(AuditEntry).where(AuditEntry.action == "deleted a segment")).all() == []


@pytest.mark.parametrize(
    "button", ["", "add", "add-line-9", "add-line-x", "drop-line-7-7", "drop-line-1", "drop-x-1-1"]
)
def test_a_button_that_is_none_does_nothing(button):
    typed = rule_form.TypedRule()
    rule_form.pressed(typed, button)
    assert typed == rule_form.TypedRule()


@pytest.mark.parametrize(
    "plain",
    [
        {"all": [{"all": [{"is": "came_by", "source": "a:b-c"}, {"is": "came_by", "source": ""}]}]},
        {"any": [{"any": [{"is": "on_course", "course": 3, "place": "ever"}, {"is": "pace", "pace": "monthly"}]}]},
        {"all": [{"all": [{"is": "joined", "since": "2026-01-02"}]}, {"any": [{"not": {"is": "clicked", "days": 7}}]}]},
        {"all": [{"all": [{"is": "called", "words": "ada lovelace"}, {"is": "got_issue", "newsletter": 4}]}]},
    ],
)
def test_a_rule_made_here_comes_back_as_it_was(plain):
    typed = rule_form.of(plain)
    assert (typed.plain(), typed.so_far()) == (plain, plain)


def test_the_only_line_taken_off_leaves_everybody():
    typed = rule_form.of(BOOKED)
    rule_form.pressed(typed, "drop-line-1-1")
    assert typed.plain() == {"all": [{"all": [{"is": "everybody"}]}]}


def test_a_refusal_of_the_whole_stands_above_it():
    typed = rule_form.of(BOOKED)
    typed.blame(RuleError("Too long.", ()))
    assert typed.problem == "Too long."
