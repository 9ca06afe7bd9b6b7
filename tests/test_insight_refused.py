from datetime import timedelta

from funnel.audience import holdings, settle
from funnel.insight import refused
from funnel.insight.refused import Reason
from funnel.models.people import SignUpState
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up

DAY = timedelta(days=1)


def refusals(session, count, reason, at=NOW):
    form = a_form(session)
    for _ in range(count):
        a_sign_up(session, form, state=SignUpState.REFUSED, reason=reason, created_at=at)


def test_refused_sign_ups_are_counted_by_reason_the_most_frequent_first(session):
    refusals(session, 2, settle.ADDRESS_LIMIT)
    refusals(session, 3, settle.NETWORK_LIMIT)
    refusals(session, 1, settle.SUPPRESSED.format("bounce"))
    refusals(session, 1, settle.SUPPRESSED.format("owner"))
    refusals(session, 1, holdings.ERASED)  # they wished so, and were not refused
    a_sign_up(session, state=SignUpState.SETTLED)
    assert refused.sign_ups(session, None) == [
        Reason(settle.NETWORK_LIMIT, 3),
        Reason(settle.ADDRESS_LIMIT, 2),
        Reason("suppressed", 2),
    ]


def test_only_those_of_the_period_are_counted(session):
    refusals(session, 1, settle.ADDRESS_LIMIT, NOW - 8 * DAY)
    assert refused.sign_ups(session, NOW - 7 * DAY) == []
    assert refused.sign_ups(session, NOW - 9 * DAY) == [Reason(settle.ADDRESS_LIMIT, 1)]


def test_many_from_a_network_are_more_than_twenty_within_an_hour(session):
    refusals(session, refused.MANY, settle.NETWORK_LIMIT)
    refusals(session, 5, settle.NETWORK_LIMIT, NOW - refused.HOUR)
    refusals(session, 5, settle.ADDRESS_LIMIT)
    assert refused.many_from_a_network(session, NOW) == 0
    refusals(session, 1, settle.NETWORK_LIMIT)
    assert refused.many_from_a_network(session, NOW) == refused.MANY + 1
