"""The page of all forms and posts."""

import csv
import io

import pytest

from funnel.db import utc_now
from funnel.insight import entrances
from tests import factories
from tests.owner_data import Practice, signed_in


@pytest.fixture
def made(session):
    practice = Practice(session, utc_now())
    practice.fill(people=12, days=5)
    return practice


def test_each_form_and_post_stands_there_with_what_it_brings_and_who_that_is(app, session, made):
    factories.a_form(session, title="Under no post", sequence_id=made.course.id)
    session.commit()
    page = signed_in(app).get("/owner/forms?days=7").text

    for words in (
        "Your quadratus lumborum",
        "with the form “Eight short mails",
        "Under no post",
        "under no post, leads",
    ):
        assert words in page
    assert "/owner/behind/signed-up?days=7&amp;form=1" in page
    assert "/owner/behind/signed-up?days=7&amp;source=quadratus-lumborum" in page
    assert 'href="/owner/forms?days=90"' in page


def test_the_people_behind_a_number_are_as_many_as_it_says(app, session, made):
    desk = signed_in(app)
    desk.get("/owner/forms")
    figures = entrances.of_form(session, made.form.id, None, utc_now().date())

    assert f"{figures.signed_up} people" in desk.get("/owner/behind/signed-up?days=all&form=1").text
    assert figures.signed_up == 12


def test_before_there_is_anything_the_page_says_what_to_begin_with(app):
    page = signed_in(app).get("/owner/forms").text

    assert "There is no post yet" in page
    assert "There is no form yet" in page
    assert 'href="/owner/posts/new"' in page


@pytest.mark.parametrize(("noun", "address"), [("forms", "/f/back-care"), ("posts", "/posts/quadratus-lumborum")])
def test_the_table_is_taken_along_as_csv(app, made, noun, address):
    answer = signed_in(app).get(f"/owner/entrances/{noun}.csv?days=all")
    head, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))

    assert len(head) == len(row)
    assert (row[1], answer.headers["Content-Disposition"]) == (address, f'attachment; filename="{noun}.csv"')
    assert int(row[head.index("Sign-ups")]) >= int(row[head.index("Confirmed")]) > 0


def test_a_long_list_is_paged_each_by_itself(app, session, made):
    for number in range(51):
        factories.a_form(session, title=f"Form {number}", sequence_id=made.course.id)
    session.commit()
    desk = signed_in(app)

    assert "/owner/forms?days=30&amp;forms=2" in desk.get("/owner/forms").text
    assert "Eight short mails for your lower back</a>" in desk.get("/owner/forms?forms=2").text
    assert "There is no page 9" in desk.get("/owner/forms?forms=9").text
