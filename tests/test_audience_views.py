from datetime import UTC, date, datetime

from sqlalchemy import select

from funnel.audience import views
from funnel.models.door import FormView
from tests.conftest import NOW
from tests.factories import a_form


def seen(session) -> dict[tuple[date, str], int]:
    return {(row.day, row.source): row.views for row in session.scalars(select(FormView))}


def test_views_are_counted_by_day_and_source(session):
    form = a_form(session)
    for source in ("post", "post", ""):
        views.count(session, form.id, source, NOW)
    assert seen(session) == {(NOW.date(), "post"): 2, (NOW.date(), ""): 1}


def test_the_day_is_the_practices(session, setting):
    setting(TIMEZONE="Pacific/Auckland")
    views.count(session, a_form(session).id, "", datetime(2026, 3, 3, 12, 0, tzinfo=UTC))
    assert list(seen(session)) == [(date(2026, 3, 4), "")]


def test_made_up_sources_do_not_fill_the_table(session):
    form = a_form(session)
    for number in range(views.MOST_SOURCES_A_DAY + 20):
        views.count(session, form.id, f"made-up-{number}", NOW)
    views.count(session, form.id, "made-up-1", NOW)
    views.count(session, form.id, "no slug \x00", NOW)
    found = seen(session)
    assert len(found) == views.MOST_SOURCES_A_DAY + 1
    assert found[NOW.date(), "made-up-1"] == 2
    assert found[NOW.date(), ""] == 21
