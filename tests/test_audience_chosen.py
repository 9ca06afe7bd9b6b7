"""What a reader chose is kept: to and fro is one line, what is overtaken goes in time, and what stands stays."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import chosen, evidence, retention, topics
from funnel.models.choices_made import Choice, Chose
from funnel.models.people import Consent, ConsentKind
from tests.conftest import NOW
from tests.factories import a_subscriber

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ada(session):
    return a_subscriber(session)


def lines(session):
    session.expire_all()
    return session.scalars(select(Choice).order_by(Choice.at, Choice.id)).all()


def test_to_and_fro_within_an_hour_is_one_line_that_says_so(session, ada):
    for number, chose in enumerate((Chose.PAUSE, Chose.GO_ON, Chose.PAUSE)):
        chosen.note(session, ada.id, chose, NOW + number * 20 * MINUTE)
    line = lines(session)[0]
    assert (line.chose, line.at, line.detail) == (
        Chose.PAUSE,
        NOW + 40 * MINUTE,
        {"since": NOW.isoformat(), "times": 3},
    )
    chosen.note(session, ada.id, Chose.GO_ON, NOW + 61 * MINUTE)  # an hour from the first press, not from the last
    assert [line.chose for line in lines(session)] == [Chose.PAUSE, Chose.GO_ON]


def test_another_question_is_another_line(session, ada):
    for chose in (Chose.PAUSE, Chose.MONTHLY, Chose.NO_COURSE, Chose.NAME):
        chosen.note(session, ada.id, chose, NOW)
    assert len(lines(session)) == 4


def test_a_language_tried_out_is_told_from_the_first_to_the_last(session, ada):
    chosen.note(session, ada.id, Chose.LANGUAGE, NOW, before="en", after="it")
    chosen.note(session, ada.id, Chose.LANGUAGE, NOW + MINUTE, before="it", after="fr")
    detail = lines(session)[0].detail
    assert (detail["before"], detail["after"], detail["times"]) == ("en", "fr", 2)


def test_topics_ticked_to_and_fro_are_told_by_what_remains(session, ada):
    sitting, walking, sleep = (topics.make(session, name, "", NOW) for name in ("Sitting", "Walking", "Sleep"))
    topics.choose(session, ada, {sleep.id}, NOW)
    topics.choose(session, ada, {sitting.id}, NOW + MINUTE)
    topics.choose(session, ada, {sitting.id, walking.id}, NOW + 2 * MINUTE)
    [line] = lines(session)
    assert (line.detail["off"], line.detail["on"]) == (["Sleep"], [])
    topics.choose(session, ada, {walking.id}, NOW + DAY)
    assert lines(session)[-1].detail == {"off": ["Sitting"], "on": [], "without": ["Sitting", "Sleep"]}


def test_a_link_pressed_all_day_leaves_few_lines_and_the_last_wish(session, ada):
    for number in range(24):
        chosen.note(session, ada.id, (Chose.PAUSE, Chose.GO_ON)[number % 2], NOW + number * 59 * MINUTE)
    found = lines(session)
    assert len(found) == chosen.MOST_A_DAY
    assert (found[-1].chose, found[-1].at) == (Chose.GO_ON, NOW + 23 * 59 * MINUTE)


def test_what_is_overtaken_goes_in_time_and_what_stands_never(session, ada):
    chosen.note(session, ada.id, Chose.ADDRESS, NOW)
    chosen.note(session, ada.id, Chose.PAUSE, NOW)
    chosen.note(session, ada.id, Chose.GO_ON, NOW + 5 * HOUR)  # the pause did not stand for a day
    chosen.note(session, ada.id, Chose.PAUSE, NOW + 9 * DAY)
    chosen.note(session, ada.id, Chose.ADDRESS, NOW + 9 * DAY)
    session.add(Consent(subscriber_id=ada.id, kind=ConsentKind.CONFIRMED, at=NOW))

    def left(at):
        while any(retention.retain(session, at).values()):
            continue
        return [line.chose for line in lines(session)]

    soon = NOW + 5 * HOUR + chosen.KEPT_OF_A_DAY
    assert left(soon - MINUTE) == [Chose.ADDRESS, Chose.PAUSE, Chose.GO_ON, Chose.PAUSE, Chose.ADDRESS]
    assert left(soon) == [Chose.ADDRESS, Chose.GO_ON, Chose.PAUSE, Chose.ADDRESS]
    assert left(NOW + 9 * DAY + chosen.KEPT) == [Chose.ADDRESS, Chose.PAUSE, Chose.ADDRESS]
    assert left(NOW + 99 * chosen.KEPT) == [Chose.ADDRESS, Chose.PAUSE, Chose.ADDRESS]
    assert session.scalars(select(Consent.kind)).all() == [ConsentKind.CONFIRMED]


def test_evidence_shows_the_newest_choices(session, ada, monkeypatch):
    monkeypatch.setattr(evidence, "MOST", 2)
    for number, chose in enumerate((Chose.PAUSE, Chose.MONTHLY, Chose.NAME)):
        chosen.note(session, ada.id, chose, NOW + number * MINUTE)
    assert [line.kind for line in evidence.of(session, ada.id)] == ["cut", "choice: monthly", "choice: name"]
