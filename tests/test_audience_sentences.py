"""Every line of evidence that can be written is a sentence: no raw words of the program, and none without one."""

import ast
from pathlib import Path

import pytest

from funnel.audience import deeds, evidence, letting_in, sentences, tags
from funnel.models.bulk import BulkAction, BulkChange, BulkJob
from funnel.models.choices_made import Chose
from funnel.models.people import Consent, ConsentKind
from funnel.web.owner import endings, gate
from tests.conftest import NOW
from tests.factories import a_sequence, a_subscriber

WEB = Path(gate.__file__).parent


def noted_of_a_person():
    """What the owner's pages write down of one person."""
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_noted = isinstance(node, ast.Call) and ast.unparse(node.func) == "gate.note"
            if is_noted and any(one.arg == "subscriber" for one in node.keywords):
                yield node.args[1]


def test_every_kind_of_line_has_its_sentence():
    assert set(evidence.SAID) == set(ConsentKind)
    assert set(sentences.CHOSE) == set(Chose)
    assert set(sentences.MANY) == set(BulkAction)
    named = {node.value for node in noted_of_a_person() if isinstance(node, ast.Constant)}
    others = {ast.unparse(node) for node in noted_of_a_person() if not isinstance(node, ast.Constant)}
    assert others == {"evidence.LOOKS", "way.noted"}
    of_many = {letting_in.LET_IN, letting_in.REFUSED_AGAIN}  # named by sign-ups
    assert set(sentences.DEEDS) == named | of_many | {way.noted for way in endings.WAYS.values()}


def test_what_the_owner_ended_is_not_told_as_the_reader_s(session):
    assert set(evidence.OWNERS) == {endings.BY_OWNER, deeds.BY_OWNER}
    ada = a_subscriber(session)
    for how in (endings.BY_OWNER, "the preferences page"):
        session.add(Consent(subscriber_id=ada.id, kind=ConsentKind.WITHDREW, how=how, at=NOW))
    session.flush()
    assert [line.by for line in evidence.of(session, ada.id)] == ["owner", "reader"]


@pytest.mark.parametrize(
    ("chose", "detail", "said"),
    [
        (Chose.LANGUAGE, {"before": "it", "after": "fr"}, "Language: Italian → French"),
        (Chose.LANGUAGE, {"before": "it", "after": "it"}, "Tried other languages, and kept Italian"),
        (Chose.LANGUAGE, {}, "Chose another language"),
        (Chose.TOPICS, {"off": ["Exercises", "Sleep"], "on": []}, "Does not want: Exercises, Sleep"),
        (Chose.TOPICS, {"off": ["Sleep"], "on": ["Food"]}, "Does not want: Sleep; wants again: Food"),
        (Chose.TOPICS, {"off": [], "on": ["Food"]}, "Wants again: Food"),
        (Chose.TOPICS, {"off": [], "on": []}, "Changed topics, and changed them back"),
        (Chose.TOPICS, {}, "Chose topics"),
        (Chose.PAUSE, {}, "Paused for 30 days"),
    ],
)
def test_what_was_chosen_is_a_sentence_with_or_without_its_detail(chose, detail, said):
    assert sentences.chosen(chose, detail) == said


def test_to_and_fro_is_told_with_its_beginning_by_the_practice_s_clock(setting):
    setting(TIMEZONE="Europe/Rome")
    detail = {"times": 3, "since": "2026-03-03T12:00:00+00:00"}
    assert sentences.pressed(detail) == "the last of 3 changes since 3 March 2026, 13:00"
    assert sentences.pressed({}) == ""


def test_what_the_owner_did_names_the_course_the_tag_and_the_day(session):
    course = a_sequence(session, title="Eight mails")

    def done(action, **detail):
        return sentences.done(session, action, detail)

    assert done("put a person on a course", course=course.id) == "Put them on the course “Eight mails”"
    assert done("put a person on a course", course=4711) == "Put them on a course"
    assert done("put a tag on a person", tag=1, name="Regulars {x}") == "Put the tag “Regulars {x}” on them"
    assert done("paused a person", until="2026-03-03T00:00:00+00:00") == "Paused them until 3 March 2026, 00:00"
    assert done("corrected what is kept of a person", name="first name") == "Corrected their first name"
    assert done("did what no version knows any more") == "Did what no version knows any more"


def test_what_was_done_to_many_is_told_of_each_and_whether_it_was_undone(session):
    ada, tag = a_subscriber(session), tags.tag(session, "regulars", NOW)
    job = BulkJob(action=BulkAction.TAG, detail={"tag": tag.id}, ids=[ada.id], newest=ada.id, total=1, made_at=NOW)
    session.add(job)
    session.flush()
    session.add(BulkChange(job_id=job.id, subscriber_id=ada.id, before={}, undone=True))
    session.flush()
    [line] = evidence.of(session, ada.id)
    assert line.said == "Put the tag “regulars” on them, with others at once, which was undone"
    assert (line.kind, line.detail) == ("many: tag", {"tag": tag.id, "undone": True})
    assert sentences.done_to_many(session, BulkAction.UNTAG, {"tag": 4711}, undone=False) == (
        "Took a tag off them, with others at once"
    )
