"""The people behind a stage: found by their journeys, and as many as the tallies say."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from funnel.db import utc_now
from funnel.insight import tallies, who
from funnel.insight.paging import PAGE_ROWS
from funnel.insight.whose import Whose
from funnel.models.tallies import Journey
from tests.owner_data import Practice


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    for number in range(PAGE_ROWS + 30):
        made.somebody(number, made.now - timedelta(days=40 * made.dice.random()))
    session.commit()
    tallies.freshen(session, made.now)
    return made


def test_the_people_of_every_stage_are_as_many_as_are_listed_whoever_is_asked_for(practice, session):
    today, dice = practice.now.date(), random.Random(3)
    mails = [f"{who.MAIL}{step.id}" for step in practice.course.steps]
    for key in (*who.STAGES, *mails):
        first = None if dice.random() < 0.3 else today - timedelta(days=dice.randrange(40))
        source = dice.choice([None, None, "quadratus-lumborum", ""])
        whose = Whose(first, today + timedelta(days=1), source, dice.choice([None, practice.form.id]))
        found = who.stage(session, key, whose)
        told = found.page(session, 1)
        listed = [row.subscriber_id for page in range(1, told.pages + 1) for row in found.page(session, page).rows]
        wanted = select(Journey.subscriber_id).where(*found.journeys).order_by(*who.NEWEST)
        assert (told.total, listed) == (len(listed), list(session.scalars(wanted))), (key, whose)


def test_who_left_some_sources_out_is_told_the_number_of_the_others(practice, session):
    whose = Whose(None, practice.now.date() + timedelta(days=1), besides=("quadratus-lumborum",))
    page = who.stage(session, "signed-up", whose).page(session, 1)
    others = select(func.count()).where(Journey.source != "quadratus-lumborum")
    assert page.total == len(page.rows) == session.scalars(others).one() > 0
