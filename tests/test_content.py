"""The post, the eight mails and the notices as they leave: length, reading age, words, tags, links and sources."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from funnel.models.content import StepKind
from funnel.programme import content_fields, content_files, content_folder, front_matter, merge, prose, words
from funnel.programme.content_folder import Sheet
from tests import reading

CONTENT = content_folder.read(content_files.FOLDER)
[POST] = CONTENT.posts
[FORM] = CONTENT.forms
[COURSE] = CONTENT.courses
MAILS = COURSE.steps
NOTICES = sorted((Path(__file__).parent.parent / "templates/emails").glob("*.md"))
NOTICE_TAGS = {
    "confirmation": {"form_title", "practitioner_name", "practice_name", "confirm_link"},
    "reminder": {"form_title", "practitioner_name", "practice_name", "confirm_link"},
    "already_in": {"form_title", "practitioner_name", "practice_name", "preferences_link"},
    "another_course": {"form_title", "practitioner_name", "practice_name", "confirm_link"},
    "handout_too": {
        "form_title",
        "sheet_title",
        "practitioner_name",
        "practice_name",
        "preferences_link",
        "sheet_link",
    },
    "booking_thanks": {"practitioner_name", "practice_name"},
    "booking_notice": {"practitioner_name", "owner_link"},
    "fresh_link": {"practitioner_name", "practice_name", "fresh_link"},
    "new_address": {"practice_name", "confirm_link"},
    "address_moved": {"practice_name"},
    "invitation": {"practitioner_name", "practice_name", "account_link"},
    "password_link": {"practice_name", "account_link"},
    "account_changed": {"practice_name", "site"},
    "draft_made": {"practitioner_name", "site", "owner_link", "rhythm_name", "note_count", "turn_day"},
    "no_notes": {"practitioner_name", "site", "owner_link", "rhythm_name", "turn_day"},
    "draft_waits": {"practitioner_name", "site", "owner_link", "rhythm_name", "turn_day"},
}
OLDEST_READER = 12
RED_FLAGS = (
    "genitals or buttocks", "bladder or bowels", "both legs", "chest pain", "serious accident",
    "fever", "losing weight", "lump", "changed shape", "ease with rest", "worse at night", "between your shoulders",
)  # fmt: skip

each_mail = pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.slug)
each_notice = pytest.mark.parametrize("path", NOTICES, ids=lambda path: path.stem)


def mail_called(slug: str) -> Sheet:
    return next(mail for mail in MAILS if mail.slug == slug)


def tags(text: str) -> set[str]:
    return {piece.name for piece in merge.pieces(text) if isinstance(piece, merge.Tag)}


def test_everything_may_be_loaded() -> None:
    assert CONTENT.faults == []


@each_mail
def test_a_mail_is_150_to_350_words_long(mail: Sheet) -> None:
    assert 150 <= len(reading.words(mail.body)) <= 350


def test_the_post_is_1000_to_1500_words_long() -> None:
    assert 1000 <= len(reading.words(POST.body)) <= 1500


@pytest.mark.parametrize("sheet", [POST, *MAILS], ids=lambda sheet: sheet.slug)
def test_a_child_of_twelve_can_read_it(sheet: Sheet) -> None:
    assert reading.age(sheet.body) <= OLDEST_READER


@pytest.mark.parametrize("sheet", [POST, FORM, *MAILS], ids=lambda sheet: sheet.slug)
def test_nobody_shouts(sheet: Sheet) -> None:
    said = [sheet.body.replace("![", "["), *(value for value in sheet.values.values() if isinstance(value, str))]
    assert not any("!" in text for text in said)


@each_mail
def test_a_mail_greets_by_name_and_signs(mail: Sheet) -> None:
    assert mail.body.startswith('Hello {{ first_name | default("there") }},\n')
    assert mail.body.endswith("\n{{ practitioner_name }}\n")


@each_mail
def test_a_mail_names_its_sources_as_the_post_does(mail: Sheet) -> None:
    assert mail.values["sources"]
    assert [source for source in mail.values["sources"] if source not in POST.values["sources"]] == []


def test_every_source_of_the_post_is_marked_in_it_and_every_mark_has_its_source() -> None:
    marks = re.findall(r"\[\\\[(\d+)\\\]\]\(#source-(\d+)\)", POST.body)
    assert all(shown == target for shown, target in marks)
    assert {int(shown) for shown, _ in marks} == set(range(1, len(POST.values["sources"]) + 1))


@pytest.mark.parametrize("sheet", [POST, mail_called("welcome")], ids=lambda sheet: sheet.slug)
def test_the_red_flags_are_told_in_full(sheet: Sheet) -> None:
    assert [sign for sign in RED_FLAGS if sign not in sheet.body] == []
    assert "{{ emergency_number }}" in sheet.body
    assert sheet.body.index("emergency_number") < len(sheet.body) / 2


def test_every_link_of_a_mail_into_the_post_finds_its_place() -> None:
    places = set(re.findall(r"\{: #([\w-]+)\}", POST.body))
    linked = [target for mail in MAILS for target in re.findall(r"\(/posts/([^)\s]+)", mail.body)]
    assert linked
    assert all(target.split("#") in [[POST.slug, place] for place in places] for target in linked)


def test_the_level_is_picked_by_three_links_that_tell_an_interest() -> None:
    found = re.findall(r'\(/posts/quadratus-lumborum#(\w+) "interest"\)', mail_called("strong-sides").body)
    assert found == ["wall", "knees", "full"]


def test_only_invitations_ask_to_book() -> None:
    asking = [mail.slug for mail in MAILS if "booking_link" in tags(mail.body)]
    assert asking == [mail.slug for mail in MAILS if mail.values["kind"] == StepKind.INVITATION]
    assert tags(mail_called("where-therapy-fits").body) >= {"booking_link", "booked_link"}
    assert tags(mail_called("shall-we-look").body) >= {"booking_link", "preferences_link", "unsubscribe_link"}


def test_the_post_leads_to_the_booking_and_has_its_form_in_the_middle() -> None:
    before, after = POST.body.split(prose.FORM_PLACE)
    assert "[Book with {{ practitioner_name }}]({{ booking_link }})" in after
    assert 0.25 < len(before) / len(POST.body) < 0.75


def test_the_form_says_what_comes_how_often_and_how_to_leave() -> None:
    assert "Eight mails in about four weeks" in FORM.values["rhythm"]
    assert "newsletter" in FORM.values["wording"]
    assert "stop" in FORM.values["leaving"]


def test_there_is_a_file_for_every_notice() -> None:
    assert {path.stem for path in NOTICES} == set(NOTICE_TAGS)


@each_notice
def test_a_notice_has_a_subject_and_a_preheader_of_the_right_length(path: Path) -> None:
    fields = front_matter.read(path).fields
    assert set(fields) == {"subject", "preheader"}
    content_fields.subject(fields["subject"])
    content_fields.preheader(fields["preheader"])


@each_notice
def test_a_notice_uses_only_the_tags_that_have_a_value_there_and_nothing_that_was_typed(path: Path) -> None:
    document = front_matter.read(path)
    said = "\n".join([document.fields["subject"], document.fields["preheader"], document.body])
    assert tags(said) == NOTICE_TAGS[path.stem]
    assert prose.check(document.body, NOTICE_TAGS[path.stem]) == []
    assert words.check(said) == []
    assert "!" not in said


@pytest.mark.parametrize("name", ["confirmation", "reminder"])
def test_confirming_is_one_button_and_doing_nothing_is_safe(name: str) -> None:
    body = front_matter.read(NOTICES[0].with_name(f"{name}.md")).body
    assert "\n\n[Yes, send me the mails]({{ confirm_link }})\n\n" in body
    assert body.count("](") == 1
    assert "7 days" in body
    assert "do nothing" in body


def test_the_drawing_is_well_formed_tells_what_it_shows_and_runs_nothing() -> None:
    drawing = ElementTree.parse(content_files.FOLDER.parent / "static/img/ql.svg").getroot()
    names = {element.tag.rpartition("}")[2] for element in drawing.iter()}
    assert {"title", "desc"} <= names
    assert not names & {"script", "image", "foreignObject"}
    assert not any(attribute.startswith("on") for element in drawing.iter() for attribute in element.attrib)
