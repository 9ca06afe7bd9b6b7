"""A mail edited on its page: its words, its revisions, and its file beside it."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from funnel.models.content import Sequence, SequenceState, Step, StepKind
from funnel.models.editing import Kind
from funnel.models.house import Owner
from funnel.programme import content_files, drafts, editing, file_copies, revisions, wording
from tests.conftest import NOW
from tests.factories import a_sequence, add

LATER = NOW + timedelta(days=1)


@pytest.fixture
def owner(session):
    return add(session, Owner(email="ada@example.org", password_hash="", session_key="", created_at=NOW)).id


@pytest.fixture
def folder(session, tmp_path):
    copied = Path(shutil.copytree(content_files.FOLDER, tmp_path / "content"))
    content_files.load(session, copied, NOW)
    return copied


@pytest.fixture
def step(session, folder):
    return session.scalars(select(Step).where(Step.slug == "find-your-ql")).one()


def save(session, step, owner, based_on=None, **changes):
    values, faults = wording.read(wording.typed(step) | changes)
    assert faults == []
    based_on = step.revision if based_on is None else based_on
    return editing.save(session, step, values, based_on=based_on, owner_id=owner, why="saved", now=LATER)


def rewrite(folder, slug, old, new):
    [path] = folder.glob(f"courses/back-care/*-{slug}.md")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def numbers(session, step):
    return [line.revision.number for line in revisions.listed(session, Kind.STEP, step.id)]


def test_every_mail_can_be_typed_again_as_it_stands(session, folder):
    for step in session.scalars(select(Step)):
        values, faults = wording.read(wording.typed(step))
        assert faults == []
        assert all(getattr(step, name) == value for name, value in values.items())


def test_saved_words_are_the_mail_s_and_another_revision(session, step, owner):
    drafts.keep(session, Kind.STEP, step.id, owner, {"body": "x"}, based_on=1, version=0, now=NOW)

    assert save(session, step, owner, subject="Feel your QL")

    assert (step.subject, step.revision, step.updated_at) == ("Feel your QL", 2, LATER)
    assert numbers(session, step) == [2, 1]
    assert revisions.one(session, Kind.STEP, step.id, 2).content == wording.said(wording.typed(step))
    assert drafts.of(session, Kind.STEP, step.id, owner) is None


def test_saving_what_is_said_already_makes_no_revision(session, step, owner):
    assert not save(session, step, owner)
    assert numbers(session, step) == [1]
    assert file_copies.of(session, Kind.STEP, step.id).followed


def test_saving_over_newer_words_is_refused_and_changes_nothing(session, step, owner):
    save(session, step, owner, subject="Theirs")

    with pytest.raises(revisions.Newer) as newer:
        save(session, step, owner, based_on=1, subject="Mine")

    assert newer.value.theirs.content["subject"] == "Theirs"
    assert newer.value.base.content["subject"] == "Find your QL in 30 seconds"
    assert step.subject == "Theirs"


def test_words_from_before_revisions_can_be_gone_back_to(session, owner):
    step = a_sequence(session).steps[1]

    values = wording.read(wording.typed(step))[0] | {"subject": "Another"}
    editing.save(session, step, values, based_on=1, owner_id=owner, why="saved", now=LATER)

    assert revisions.one(session, Kind.STEP, step.id, 1).content["subject"] == "Mail 2"
    assert step.revision == 2


def test_an_edited_mail_outlives_a_restart_and_an_upgrade(session, folder, step, owner):
    save(session, step, owner, subject="Mine")
    rewrite(folder, "find-your-ql", "Stand tall", "Stand up")

    loaded = content_files.load(session, folder, LATER)

    session.refresh(step)
    assert step.subject == "Mine"
    assert "Stand tall" in step.body
    assert (loaded.changed, loaded.kept) == (0, 1)
    assert "1 stay as they were edited here." in str(loaded)
    copy = file_copies.of(session, Kind.STEP, step.id)
    assert "Stand up" in copy.content["body"]
    assert (copy.followed, copy.at) == (False, LATER)


def test_an_untouched_mail_goes_on_as_its_file(session, folder, step):
    rewrite(folder, "find-your-ql", "Stand tall", "Stand up")

    content_files.load(session, folder, LATER)

    session.refresh(step)
    assert "Stand up" in step.body
    assert (step.revision, numbers(session, step)) == (2, [2, 1])


def test_the_end_of_a_file_retires_only_what_follows_it(session, folder, step, owner):
    save(session, step, owner, subject="Mine")
    made = editing.add(session, session.scalars(select(Sequence)).one(), NOW)
    made.state = SequenceState.LIVE
    for slug in ("find-your-ql", "strong-sides"):
        next(folder.glob(f"courses/back-care/*-{slug}.md")).unlink()

    assert content_files.load(session, folder, LATER).retired == 1

    states = {step.slug: step.state for step in session.scalars(select(Step))}
    assert states["strong-sides"] == SequenceState.RETIRED
    assert states["find-your-ql"] == states[made.slug] == SequenceState.LIVE
    assert file_copies.of(session, Kind.STEP, step.id) is None


def test_a_mail_retired_or_moved_here_stays_so(session, folder, step):
    editing.retire(session, step, NOW)
    other = session.scalars(select(Step).where(Step.slug == "stretches")).one()
    editing.move(session, other.sequence, {other.id: 5}, NOW)

    content_files.load(session, folder, LATER)

    session.refresh(step)
    session.refresh(other)
    assert (step.state, other.day) == (SequenceState.RETIRED, 5)


def test_a_file_of_the_same_name_does_not_take_over_what_was_made_here(session, folder):
    course = session.scalars(select(Sequence)).one()
    made = editing.add(session, course, NOW)
    made.slug, made.subject = "extra", "Made here"
    session.flush()
    text = (folder / "courses/back-care/02-find-your-ql.md").read_text().replace("day: 2", "day: 30")
    (folder / "courses/back-care/30-extra.md").write_text(text)

    content_files.load(session, folder, LATER)

    session.refresh(made)
    assert (made.subject, made.state) == ("Made here", SequenceState.DRAFT)


def test_a_new_mail_is_a_draft_at_the_end_and_a_copy_has_the_words(session, folder, step):
    course = step.sequence
    made = editing.add(session, course, NOW)
    copy = editing.add(session, course, NOW, like=step)

    assert (made.day, made.kind, made.state, made.revision) == (27, StepKind.TIP, SequenceState.DRAFT, 0)
    assert (copy.day, copy.slug, copy.body) == (30, "copy-of-find-your-ql-in-30-seconds", step.body)
    again = editing.add(session, course, NOW, like=step)
    assert again.slug == "copy-of-find-your-ql-in-30-seconds-2"


def test_the_first_mail_of_a_course_is_its_welcome(session):
    assert editing.add(session, a_sequence(session, days=()), NOW).kind == StepKind.WELCOME


def test_a_course_that_fills_its_year_takes_no_more(session):
    course = a_sequence(session, days=(0, 364))
    assert editing.add(session, course, NOW).day == 365
    with pytest.raises(ValueError, match="day 365 already"):
        editing.add(session, course, NOW)


@pytest.mark.parametrize(
    ("field", "typed", "line", "told"),
    [
        ("subject", "x" * 90, 0, "80 is the most"),
        ("subject", "{{ naem }}", 0, "is not a tag"),
        ("preheader", "short", 0, "it needs 40 to 90"),
        ("day", "soon", 0, "whole number of days"),
        ("day", "9" * 30, 0, "whole number of days"),
        ("kind", "letter", 0, "must be one of"),
        ("sources", "NHS", 1, "A source needs its name"),
        ("sources", "NHS | Back pain | ftp://x", 1, "must begin with https://"),
        ("body", "  \n", 0, "says nothing yet"),
        ("body", "One.\n\nIt cures all.\n", 3, "promises too much"),
        ("body", "\n\nHello {{ first_nam }}", 3, "Did you mean {{ first_name | default("),
        ("body", "[here](page.html)", 1, "leads nowhere"),
    ],
)
def test_what_a_file_may_not_say_a_page_may_not_either(session, step, field, typed, line, told):
    faults = wording.read(wording.typed(step) | {field: typed})[1]

    assert [(fault.field, fault.line) for fault in faults if told in fault.text] == [(field, line)]


def test_what_a_browser_sends_is_cleaned():
    sent = {"subject": "a\0b", "body": "one\r\ntwo\rthree", "unknown": "x"}

    cleaned = wording.cleaned(sent)

    assert (cleaned["subject"], cleaned["body"], cleaned["day"]) == ("ab", "one\ntwo\nthree", "")
    assert set(cleaned) == set(wording.TYPED)
