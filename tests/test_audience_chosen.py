"""What a reader chose is kept, and whoever presses without end fills nothing."""

from datetime import timedelta

from sqlalchemy import select

from funnel.audience import chosen, evidence
from funnel.models.choices_made import Choice, Chose
from tests.conftest import NOW
from tests.factories import a_subscriber

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_a_link_pressed_without_end_keeps_so_many_a_day_and_the_last(session):
    ada = a_subscriber(session)
    for number in range(chosen.MOST_A_DAY + 5):
        chosen.note(session, ada.id, (Chose.PAUSE, Chose.GO_ON)[number % 2], NOW + number * MINUTE, number=number)
    lines = session.scalars(select(Choice).order_by(Choice.at)).all()
    assert len(lines) == chosen.MOST_A_DAY
    assert (lines[-1].chose, lines[-1].detail) == (Chose.PAUSE, {"number": chosen.MOST_A_DAY + 4})
    chosen.note(session, ada.id, Chose.ALL, NOW + 2 * DAY)
    assert len(session.scalars(select(Choice)).all()) == chosen.MOST_A_DAY + 1


def test_evidence_shows_the_newest_choices(session, monkeypatch):
    monkeypatch.setattr(evidence, "MOST", 2)
    ada = a_subscriber(session)
    for number, chose in enumerate((Chose.PAUSE, Chose.GO_ON, Chose.MONTHLY)):
        chosen.note(session, ada.id, chose, NOW + number * MINUTE)
    assert [line.said for line in evidence.of(session, ada.id)] == [
        evidence.CHOSE[chose] for chose in (Chose.GO_ON, Chose.MONTHLY)
    ]
