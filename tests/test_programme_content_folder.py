"""Broken content files of every kind: each mistake is told with its file and line."""

import shutil
from pathlib import Path

import pytest

from funnel.programme import content_files, content_folder

COURSE = "courses/back-care/course.md"
FIRST = "courses/back-care/01-welcome.md"
SECOND = "courses/back-care/02-find-your-ql.md"
POST = "posts/quadratus-lumborum.md"
FORM = "forms/back-care.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(content_files.FOLDER, tmp_path / "content"))


def faults(folder: Path) -> list[tuple[str, int, str]]:
    found = content_folder.read(folder).faults
    return [(fault.path.relative_to(folder).as_posix(), fault.line, fault.text) for fault in found]


def line_of(path: Path, words: str) -> int:
    """The line of the first of `words`, as an editor counts."""
    text = path.read_text()
    return text.count("\n", 0, text.index(words)) + 1


def test_the_files_that_come_with_it_are_good() -> None:
    assert faults(content_files.FOLDER) == []


# What is replaced in which file, by what, and what is then told of the line where the new words stand.
BROKEN = [
    (SECOND, "kind: tip", "kind: letter", "“kind” must be one of: welcome, tip, invitation."),
    (SECOND, "kind: tip", "kind: welcome", "The first mail of a course is its welcome, and no other is."),
    (FIRST, "kind: welcome", "kind: tip", "The first mail of a course is its welcome, and no other is."),
    (FIRST, "day: 0", "day: 1", "The first mail leaves on day 0, not on day 1."),
    (SECOND, "day: 2", "day: 0", "Day 0 is not after day 0, that of the mail before it."),
    (SECOND, "day: 2", "day: -1", "“day” must be a whole number of days"),
    (SECOND, "day: 2", "day: 2.5", "“day” must be a whole number of days"),
    (SECOND, "day: 2", "day: true", "“day” must be a whole number of days"),
    (SECOND, "day: 2", "dya: 2", "“dya” is not a field of this file. Did you mean day?"),
    (SECOND, "day: 2", "colour: red", "“colour” is not a field of this file. The fields are: subject"),
    (SECOND, "day: 2", "day: 2\nday: 3", None),
    (SECOND, "Find your QL in 30 seconds", "42", "“subject” must be text. Put it into quotes."),
    (SECOND, "Find your QL in 30 seconds", '" "', "“subject” is empty."),
    (SECOND, "Find your QL in 30 seconds", "A" * 81, "“subject” has 81 signs; 80 is the most."),
    (SECOND, "Find your QL in 30 seconds", "=?utf-8?q?a=0D=0ABcc:_x?=", "“subject” holds a line break"),
    (SECOND, "Find your QL in 30 seconds", r'"a\r\nBcc: x@example.org"', "“subject” holds a line break"),
    (SECOND, "Find your QL in 30 seconds", r'"a\Lb"', "“subject” holds a line break"),
    (SECOND, "Find your QL in 30 seconds", "Pain: a guide", "(put text that holds a colon into quotes)"),
    (
        SECOND,
        "Find your QL in 30 seconds",
        '"{{ frist_name }}"',
        "“frist_name” is not a tag. Did you mean {{ first_n",
    ),
    (SECOND, "Find your QL in 30 seconds", "Relief guaranteed", "“guaranteed” is a promise nobody can keep"),
    (
        SECOND,
        "Where the muscle sits, what it does all day, and how to feel it at work.",
        "Short.",
        "has 6 signs; it needs",
    ),
    (SECOND, "Stand tall", "Stand {{ tall }}", "“tall” is not a tag."),
    (SECOND, "Stand tall", "Go {{ confirm_link }}", "“confirm_link” has no value here."),
    (SECOND, "Stand tall", "Dear {{ first_name }}", "first_name is empty for some people."),
    (SECOND, "Stand tall", "{% if tall %}", "mails have merge tags, not templates"),
    (SECOND, "Stand tall", "This **cu**res", "“cures” promises too much."),
    (SECOND, "Stand tall", "Tell us your symptoms", "asks for health data"),
    (SECOND, "Stand tall", "![QL](ql.svg)", "The picture “ql.svg” is not found from a mail."),
    (SECOND, "Stand tall", "See [this](quadratus-lumborum)", "The link to “quadratus-lumborum” leads nowhere."),
    (SECOND, "Stand tall", "Stand\u2028tall", "It holds a sign that is not text (U+2028)."),
    (SECOND, "Stand tall", "Stand\x00tall", "It holds a sign that is not text (U+0000)."),
    (SECOND, "    detail: Anatomy and", "    page: Anatomy and", None),
    (COURSE, "07:00–10:00", "10:00–07:00", "“window” must begin before it ends"),
    (COURSE, "07:00–10:00", "early", "“window” must be two times of day"),
    (COURSE, "weekends: false", "weekends: sometimes", "“weekends” must be true or false"),
    (COURSE, "state: live", "state: on", "“state” must be one of: draft, live, retired."),
    (COURSE, "slug: back-care", "slug: Back Care", "“slug” must be small letters"),
    (FORM, "post: quadratus-lumborum", "post: psoas", "There is no post “psoas” in this folder."),
    (FORM, "course: back-care", "course: neck-care", "There is no course “neck-care” in this folder."),
    (FORM, "button: Send me the tips", f"button: {'so ' * 200}", "“button” is longer than 500 signs."),
    (COURSE, "weekends: false", "sources: none", "“sources” is not a field of this file."),
    (FORM, "button: Send me the tips", 'button: "{{ first_name }}"', "Nothing is filled in here"),
    (POST, "published: 2026-11-23", "published: 2026-02-31", "The value cannot be read"),
    (POST, "published: 2026-11-23", "published: last week", "“published” must be a day"),
    (POST, "https://pmc.ncbi", "ftp://pmc.ncbi", None),
    (POST, "title: Your", "title: !!python/object:os.system Your", "The value cannot be read"),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), BROKEN)
def test_a_mistake_is_told_with_its_file_and_line(
    folder: Path, file: str, old: str, new: str, told: str | None
) -> None:
    path = folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))

    found = [fault for fault in faults(folder) if fault[0] == file]

    assert found
    if told is None:
        return
    assert any(line == line_of(path, new) and told in text for _, line, text in found), found


def test_a_field_that_is_missing_or_stands_twice_is_told(folder: Path) -> None:
    path = folder / SECOND
    path.write_text(path.read_text().replace("day: 2\n", "kind: tip\n", 1))

    [(file, line, text)] = faults(folder)

    assert (file, line, text) == (SECOND, 5, "“kind” stands twice; the first is in line 4.")


def test_sources_are_a_list(folder: Path) -> None:
    path = folder / "courses/back-care/08-shall-we-look.md"
    path.write_text(path.read_text().replace("sources:\n  - name: NHS\n    detail: Back pain\n", "sources: NHS\n"))

    [(_, line, text)] = faults(folder)

    assert line == 6
    assert text.startswith("“sources” must be a list: each with a name")


def test_a_source_is_told_by_its_place(folder: Path) -> None:
    path = folder / SECOND
    path.write_text(path.read_text().replace("    doi: 10.1016", "    isbn: 10.1016"))

    assert faults(folder) == [
        (SECOND, 6, "“sources” 2: it needs name and detail, may have url or doi, and nothing else.")
    ]


@pytest.mark.parametrize(
    ("raw", "line", "told"),
    [
        (b"", 1, "It must begin with a line of ---"),
        (b"Hello there,\n", 1, "It must begin with a line of ---"),
        (b"---\nday: 2\n", 1, "Its fields are not closed"),
        (b"---\n---\nHello\n", 2, "It has no fields."),
        (b"---\n- day\n- kind\n---\nHello\n", 2, "It has no fields."),
        (b"---\nday: 2\nkind: [tip\n---\nHello\n", 3, "The fields cannot be read"),
        (b"---\nday: 2\n---\nHello\nCaf\xe9\n", 5, "It is not UTF-8 here."),
        (b"---\n? [a]\n: b\n---\nHello\n", 2, "The name of a field must be a plain word."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_line(folder: Path, raw: bytes, line: int, told: str) -> None:
    (folder / SECOND).write_bytes(raw)

    [(file, found, text)] = faults(folder)

    assert (file, found) == (SECOND, line)
    assert told in text


def test_a_mail_that_says_nothing_is_told(folder: Path) -> None:
    path = folder / SECOND
    path.write_text("---".join(path.read_text().split("---")[:2]) + "---\n\n")

    assert [text for _, _, text in faults(folder)] == ["It says nothing below its fields."]


def test_a_file_that_cannot_be_opened_is_told(folder: Path) -> None:
    (folder / "forms/a-folder.md").mkdir()

    assert faults(folder) == [("forms/a-folder.md", 0, "It cannot be read: Is a directory.")]


def test_words_below_a_file_of_fields_are_told(folder: Path) -> None:
    path = folder / FORM
    path.write_text(path.read_text() + "\nHello.\n")

    assert faults(folder) == [(FORM, 15, "Nothing is read from here on: this file has only fields.")]


def test_a_post_has_one_place_for_its_form(folder: Path) -> None:
    path = folder / POST
    path.write_text(path.read_text().replace("{{ form }}\n", ""))

    [(file, _, text)] = faults(folder)

    assert (file, text) == (POST, "A post has one line of {{ form }}; this has 0.")


def test_two_of_the_same_slug_are_told(folder: Path) -> None:
    shutil.copy(folder / SECOND, folder / "courses/back-care/09-find-your-ql.md")
    shutil.copy(folder / POST, folder / "posts/the-same-again.md")

    found = {(file, text.split(":")[0]) for file, _, text in faults(folder)}

    assert ("courses/back-care/09-find-your-ql.md", "There is another mail of back-care called “find-your-ql”") in found
    assert ("posts/the-same-again.md", "There is another post called “quadratus-lumborum”") in found


def test_a_file_whose_name_tells_no_place_is_told(folder: Path) -> None:
    (folder / "courses/back-care/Notes.md").write_text("Hello")

    assert [text for _, _, text in faults(folder)] == [
        "Name it by its place and slug in small letters, as in 03-stretches.md."
    ]


def test_a_course_without_its_file_or_its_mails_is_told(folder: Path) -> None:
    (folder / COURSE).unlink()
    (folder / "courses/empty").mkdir()
    shutil.copy(content_files.FOLDER / COURSE, folder / "courses/empty/course.md")

    found = {(file, text.split(":")[0]) for file, _, text in faults(folder)}

    assert found == {(COURSE, "It is missing"), ("courses/empty", "This course has no mails.")}


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_an_empty_folder_is_told(tmp_path: Path, name: str) -> None:
    [fault] = content_folder.read(tmp_path / name).faults

    assert str(fault) == f"{tmp_path / name}: There is nothing in it: no posts, no forms and no courses."
