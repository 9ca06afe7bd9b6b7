"""Looking for somebody who is not there."""

from datetime import timedelta

import pytest

from funnel import tokens
from funnel.audience import settle, suppression
from funnel.db import utc_now
from funnel.insight import absent
from funnel.models.people import SignUpState, SuppressionReason
from tests.conftest import NOW
from tests.factories import a_sign_up
from tests.owner_data import Practice, signed_in

ZOE = "zoe@example.org"


@pytest.mark.parametrize("typed", ["", "zoe", "zoe@", "zoe@example.org ada"])
def test_what_is_no_address_is_not_looked_for(session, typed):
    assert absent.look(session, typed) is None


def test_an_address_that_never_came_is_told_to_be_unknown(session):
    assert absent.look(session, " Zoe@Example.org") == absent.Absent("Zoe@example.org", None, None, [], False)


def test_refused_sign_ups_and_a_suppression_say_why_nobody_is_there(session):
    for hours, reason in ((3, settle.ADDRESS_LIMIT), (2, settle.NETWORK_LIMIT)):
        at = NOW - timedelta(hours=hours)
        a_sign_up(session, email=ZOE, state=SignUpState.REFUSED, reason=reason, created_at=at)
    a_sign_up(session, email="ada@example.org", state=SignUpState.REFUSED, reason=settle.TOO_OLD)
    a_sign_up(session, email=ZOE, state=SignUpState.NEW)
    suppression.suppress(session, tokens.address_hash(ZOE), SuppressionReason.COMPLAINT, NOW)
    found = absent.look(session, ZOE)
    assert [why for _, why in found.refused] == [settle.NETWORK_LIMIT, settle.ADDRESS_LIMIT]
    assert (found.suppressed, found.since, found.waits) == (SuppressionReason.COMPLAINT, NOW, True)


def test_the_list_of_people_says_why_a_typed_address_is_not_there(app, session):
    Practice(session, utc_now()).set_up()
    reason = settle.SUPPRESSED.format("complaint")
    a_sign_up(session, email=ZOE, state=SignUpState.REFUSED, reason=reason, created_at=utc_now())
    suppression.suppress(session, tokens.address_hash(ZOE), SuppressionReason.COMPLAINT, utc_now())
    session.commit()
    desk = signed_in(app)
    page = desk.get("/owner/people", query_string={"q": ZOE}).text
    assert "Nobody has this address" in page
    assert "called a mail of yours spam" in page
    assert "the address is not to be mailed" in page
    assert "typed otherwise, or never" in desk.get("/owner/people", query_string={"q": "ann@example.org"}).text
