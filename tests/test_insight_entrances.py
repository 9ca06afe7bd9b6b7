"""What each form and post brings: the very numbers of the overview, of one form or of one post's readers."""

from datetime import timedelta

import pytest

from funnel.insight import entrances, funnel, tallies
from funnel.insight.entrances import Figures
from funnel.models.content import PostState
from funnel.models.door import FormView
from funnel.models.people import FormState
from funnel.models.tallies import Tally
from funnel.programme import posts
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_post, a_subscriber, add

FIRST, LAST = (NOW - timedelta(days=29)).date(), NOW.date()
SINCE = NOW - timedelta(days=29, hours=12)


@pytest.fixture
def practice(session):
    """Two forms; people who came by a post, by a link, by nothing that was named, and by hand."""
    post = a_post(session, slug="back")
    first, second = a_form(session, post_id=post.id), a_form(session)
    people = [
        a_subscriber(session, form_id=form, source=source, created_at=NOW - timedelta(days=day), confirmed_at=confirmed)
        for form, source, day, confirmed in (
            (first.id, "back", 1, NOW),
            (first.id, "back", 2, None),
            (first.id, "instagram", 3, NOW),
            (second.id, "back", 4, NOW),
            (second.id, "", 5, None),
            (None, "", 6, NOW),
            (first.id, "back", 90, NOW),
        )
    ]
    a_booking(session, people[0])
    for form, source, day, seen in ((first, "back", 1, 9), (first, "instagram", 40, 5), (second, "", 2, 3)):
        add(session, FormView(form_id=form.id, source=source, day=(NOW - timedelta(days=day)).date(), views=seen))
    tallies.freshen(session, NOW)
    return post, first, second


def test_a_form_counts_whoever_used_it_and_a_post_whoever_came_by_it(session, practice):
    post, first, second = practice

    assert entrances.of_form(session, first.id, FIRST, LAST) == Figures(9, 3, 2, 1)
    assert entrances.of_form(session, second.id, FIRST, LAST) == Figures(3, 2, 1, 0)
    assert entrances.of_post(session, post, FIRST, LAST) == Figures(9, 3, 2, 1)
    assert entrances.of_form(session, first.id, None, LAST) == Figures(14, 4, 3, 1)


def test_all_forms_together_are_what_the_overview_says(session, practice):
    forms = entrances.by(session, Tally.form_id, FormView.form_id, FIRST, LAST)
    stages = {stage.name: stage.people for stage in funnel.funnel(session, SINCE, NOW)}

    assert sum(one.views for one in forms.values()) == stages["Form views"]
    assert sum(one.signed_up for one in forms.values()) == stages["Sign-ups"] == 6
    assert sum(one.confirmed for one in forms.values()) == stages["Confirmed"]
    assert sum(one.booked for one in forms.values()) == stages["Booked"]


def test_each_form_and_post_is_what_the_overview_says_of_it(session, practice):
    post, first, _ = practice
    for figures, stages in (
        (entrances.of_form(session, first.id, FIRST, LAST), funnel.funnel(session, SINCE, NOW, form_id=first.id)),
        (entrances.of_post(session, post, FIRST, LAST), funnel.funnel(session, SINCE, NOW, "back")),
    ):
        said = {stage.name: stage.people for stage in stages}
        names = ("Form views", "Sign-ups", "Confirmed", "Booked")
        assert (figures.views, figures.signed_up, figures.confirmed, figures.booked) == tuple(map(said.get, names))


def test_a_rate_has_its_band_and_nobody_has_none(session, practice):
    rate = entrances.of_post(session, practice[0], FIRST, LAST).confirming

    assert (rate.share, rate.of) == (2 / 3, 3)
    assert entrances.NOTHING.confirming.share is None
    assert entrances.NOTHING.booking.band is None


def test_a_post_that_moved_is_counted_on_together(session, practice):
    post = practice[0]
    posts.rename(session, post, "lower-back", NOW)
    moved = a_subscriber(session, source=post.source, created_at=NOW)
    tallies.freshen(session, NOW)

    assert moved.source == "back"
    assert entrances.of_post(session, post, FIRST, LAST).signed_up == 4


def test_of_several_forms_the_oldest_that_is_open_stands_in_a_post(session, practice):
    post, first, second = practice
    second.post_id = post.id
    newer = a_post(session, slug="newer", published_at=NOW + timedelta(days=1), state=PostState.DRAFT)
    lines = entrances.posts(session, FIRST, LAST).rows
    assert [(line.post.id, line.form and line.form.id) for line in lines] == [(newer.id, None), (post.id, first.id)]

    first.state = FormState.RETIRED
    assert entrances.posts(session, FIRST, LAST).rows[1].form.id == second.id
    forms = entrances.forms(session, FIRST, LAST).rows
    assert [(line.form.id, line.figures.signed_up) for line in forms] == [(second.id, 2), (first.id, 3)]
