"""Content files come into the database whole, once, and again without a change; what is wrong keeps them all out."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.content import Post, Sequence, SequenceState, Step, StepKind
from funnel.models.people import Form
from funnel.programme import content_files
from funnel.programme.content_files import ContentError
from tests.conftest import NOW

LATER = NOW + timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(content_files.FOLDER, tmp_path / "content"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def steps(session: Session) -> dict[str, Step]:
    session.expire_all()
    return {step.slug: step for step in session.scalars(select(Step))}


def test_what_the_folder_holds_is_loaded(session: Session) -> None:
    loaded = content_files.load(session, content_files.FOLDER, NOW)

    assert str(loaded) == "Posts 1, forms 1, courses 1, mails 8: 15 new, 0 changed, 0 retired."
    course = session.scalars(select(Sequence)).one()
    assert (course.slug, course.state) == ("back-care", SequenceState.LIVE)
    assert (course.window_start, course.window_end, course.weekends) == (7 * 60, 10 * 60, False)
    assert [step.day for step in course.steps] == [0, 2, 4, 7, 10, 14, 18, 24]
    assert [step.kind for step in course.steps] == [StepKind.WELCOME, *[StepKind.TIP] * 5, *[StepKind.INVITATION] * 2]
    assert all(step.revision == 1 for step in course.steps)


def test_the_form_knows_its_post_and_its_course(session: Session) -> None:
    content_files.load(session, content_files.FOLDER, NOW)

    form = session.scalars(select(Form)).one()
    assert form.post_id == session.scalar(select(Post.id))
    assert form.sequence_id == session.scalar(select(Sequence.id))


def test_loading_again_changes_nothing(session: Session) -> None:
    content_files.load(session, content_files.FOLDER, NOW)

    again = content_files.load(session, content_files.FOLDER, LATER)

    assert (again.added, again.changed, again.retired) == (0, 0, 0)
    assert {step.revision for step in steps(session).values()} == {1}
    assert session.scalar(select(func.max(Step.updated_at))) == NOW
    assert session.scalars(select(Post)).one().updated_at == NOW


def test_other_words_are_another_revision(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    change(folder / "courses/back-care/02-find-your-ql.md", "Stand tall", "Stand up")

    loaded = content_files.load(session, folder, LATER)

    assert (loaded.added, loaded.changed) == (0, 1)
    step = steps(session)["find-your-ql"]
    assert (step.revision, step.updated_at) == (2, LATER)
    assert "Stand up" in step.body


def test_another_day_is_no_other_revision(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    change(folder / "courses/back-care/02-find-your-ql.md", "day: 2", "day: 3")

    loaded = content_files.load(session, folder, LATER)

    assert loaded.changed == 1
    assert (steps(session)["find-your-ql"].day, steps(session)["find-your-ql"].revision) == (3, 1)


def test_a_mail_keeps_its_place_in_the_database_when_its_number_changes(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    (folder / "courses/back-care/08-shall-we-look.md").rename(folder / "courses/back-care/09-shall-we-look.md")

    loaded = content_files.load(session, folder, LATER)

    assert (loaded.added, loaded.changed, loaded.retired) == (0, 0, 0)


def test_a_mail_whose_file_is_gone_is_retired_and_comes_back_with_it(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    path = folder / "courses/back-care/03-stretches.md"
    text = path.read_text()
    path.unlink()

    assert content_files.load(session, folder, LATER).retired == 1
    assert steps(session)["stretches"].state == SequenceState.RETIRED
    assert content_files.load(session, folder, LATER).retired == 0

    path.write_text(text)
    assert content_files.load(session, folder, LATER).changed == 1
    assert (steps(session)["stretches"].state, steps(session)["stretches"].revision) == (SequenceState.LIVE, 1)


def test_a_post_or_form_whose_file_is_gone_stays(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    (folder / "forms/back-care.md").unlink()

    content_files.load(session, folder, LATER)

    assert session.scalar(select(func.count(Form.id))) == 1


def test_a_form_s_file_says_its_language(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    assert session.scalars(select(Form.language)).one() == "en"
    change(folder / "forms/back-care.md", "button: Send me the tips", "button: Mandatemi i consigli\nlanguage: it")
    content_files.load(session, folder, NOW)
    assert session.scalars(select(Form.language)).one() == "it"


def test_the_day_of_publishing_is_that_day_where_the_practice_is(session: Session, setting) -> None:  # type: ignore[no-untyped-def]
    setting(TIMEZONE="Pacific/Auckland")

    content_files.load(session, content_files.FOLDER, NOW)

    published = session.scalars(select(Post)).one().published_at
    assert published.isoformat() == "2026-11-22T23:00:00+00:00"  # noon of the 23rd in Auckland


def test_a_doi_becomes_an_address(session: Session) -> None:
    content_files.load(session, content_files.FOLDER, NOW)

    sources = session.scalars(select(Post)).one().sources
    assert {"https://doi.org/10.7326/M16-2367", "https://doi.org/10.1002/14651858.CD001929.pub3", ""} <= {
        source["url"] for source in sources
    }


def test_a_file_saved_on_windows_is_the_same_file(session: Session, folder: Path) -> None:
    content_files.load(session, folder, NOW)
    for path in folder.rglob("*.md"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    loaded = content_files.load(session, folder, LATER)

    assert (loaded.added, loaded.changed, loaded.retired) == (0, 0, 0)


def test_the_mistakes_of_all_files_are_told_at_once_and_nothing_is_loaded(session: Session, folder: Path) -> None:
    change(folder / "courses/back-care/02-find-your-ql.md", "day: 2", "day: soon")
    change(folder / "forms/back-care.md", "button: Send me the tips", "buton: Send me the tips")
    post = folder / "posts/quadratus-lumborum.md"
    post.write_text(post.read_text() + "\nGuaranteed.\n")

    with pytest.raises(ContentError) as refused:
        content_files.load(session, folder, NOW)

    told = str(refused.value).splitlines()
    assert len(told) == len(refused.value.faults) == 4
    assert any(line.startswith(f"{folder}/courses/back-care/02-find-your-ql.md:4: “day” must be") for line in told)
    assert f"{folder}/forms/back-care.md:1: “button” is missing." in told
    assert f"{folder}/forms/back-care.md:7: “buton” is not a field of this file. Did you mean button?" in told
    assert any(line.startswith(f"{post}:{len(post.read_text().splitlines())}: “guaranteed”") for line in told)
    assert session.scalar(select(func.count(Post.id))) == 0
