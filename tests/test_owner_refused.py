"""The sign-ups that were refused, on the overview."""

import re

from funnel.audience import settle
from funnel.db import utc_now
from funnel.models.people import SignUpState
from tests.factories import a_form, a_sign_up
from tests.owner_data import signed_in


def test_refused_sign_ups_are_told_with_what_they_mean(app, session):
    form, refused = a_form(session), {"state": SignUpState.REFUSED, "created_at": utc_now()}
    for reason in [settle.NETWORK_LIMIT] * 9 + [settle.ADDRESS_LIMIT] * 3:
        a_sign_up(session, form, reason=reason, **refused)
    session.commit()
    page = " ".join(re.sub("<[^>]*>", "", signed_in(app).get("/owner/?days=7").text).split())
    assert "12 sign-ups were refused: 9 network limit, 3 address limit." in page
    assert "a wrong TRUSTED_PROXIES (it is 0)" in page
    assert "One address asked again and again" in page
    assert "These addresses bounced" not in page


def test_with_none_refused_nothing_is_said(app, session):
    a_sign_up(session, state=SignUpState.SETTLED)
    session.commit()
    assert "refused" not in signed_in(app).get("/owner/").text
