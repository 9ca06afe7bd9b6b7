"""Rules: read, refused, and asked of everybody."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from funnel.audience import recipients, rule
from funnel.audience.rule import RuleError
from funnel.models.people import Subscriber
from tests.conftest import NOW
from tests.rule_folk import Folk
from tests.rule_reference import meets

BY_DICE = settings(
    max_examples=12, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def people(session, condition):
    return set(session.scalars(select(Subscriber.id).where(condition)))


@BY_DICE
@given(st.data(), st.integers(0, 10**6))
def test_a_rule_holds_of_those_of_whom_the_rows_say_so(session, data, seed):
    session.rollback()
    folk = Folk(session, seed)
    for plain in data.draw(st.lists(folk.rules(), min_size=4, max_size=8)):
        expected = {one.id for one in folk.rows(Subscriber) if meets(folk, plain, one)}
        assert people(session, rule.condition(rule.read(plain), NOW)) == expected
        assert rule.write(rule.read(plain)) == plain


@pytest.mark.parametrize(
    ("plain", "words", "place"),
    [
        (None, "This is no rule.", ()),
        ({}, "This is no rule.", ()),
        ([], "This is no rule.", ()),
        ({"all": []}, "There is no line in this group.", ()),
        ({"all": [{"is": "booked"}, {"any": [{"is": "tagged"}]}]}, "Please choose a tag.", (2, 1)),
        ({"not": {"is": "nothing"}}, "Please choose what is asked.", ()),
        ({"is": ["booked"]}, "Please choose what is asked.", ()),
        ({"any": [{"some": []}]}, "This is neither a line nor one of all, any and not.", (1,)),
        ({"is": "booked", "tag": 1}, "“tag” is not a part of this.", ()),
        ({"is": "tagged", "tag": "1"}, "Please choose a tag.", ()),
        ({"is": "tagged", "tag": True}, "Please choose a tag.", ()),
        ({"is": "tagged", "tag": 2**63}, "Please choose a tag.", ()),
        ({"is": "quiet", "days": 0}, "Please type a number of days from 1 to 3650.", ()),
        ({"is": "joined"}, "Please give the first day, the last day, or both.", ()),
        ({"is": "joined", "since": "2026-02-30"}, "Please give the day as a date.", ()),
        ({"is": "joined", "since": "0001-01-01"}, "Please give a day of our time.", ()),
        ({"is": "joined", "since": "2026-02-02", "until": "2026-02-01"}, "The last day is before the first.", ()),
        ({"is": "on_course", "course": 1, "place": "here"}, "Please choose where in the course.", ()),
        ({"is": "came_by", "source": 1}, "Please choose what they came by.", ()),
        ({"is": "called", "words": " "}, "Please type one word or more of an address or name, 5 at most.", ()),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(plain, words, place):
    with pytest.raises(RuleError) as refused:
        rule.read(plain)
    assert (refused.value.words, refused.value.place) == (words, place)


def test_a_rule_too_deep_or_too_long_is_refused():
    deep = {"is": "booked"}
    for _ in range(rule.DEEPEST):
        deep = {"not": deep}
    with pytest.raises(RuleError, match="deep at most"):
        rule.read(deep)
    with pytest.raises(RuleError, match="60 lines at most"):
        rule.read({"all": [{"is": "booked"}] * 61})


def test_a_segment_that_was_not_looked_up_is_asked_of_nobody():
    with pytest.raises(RuleError, match="not been looked up"):
        recipients.condition({"is": "segment", "segment": 1}, False, NOW)
