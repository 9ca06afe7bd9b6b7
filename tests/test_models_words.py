"""The words by which people are found, and the bond of evidence to its person."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, literal, select
from sqlalchemy.exc import IntegrityError

from funnel.db import Session
from funnel.models.people import Consent
from funnel.models.spelling import BETWEEN, spelled
from tests.conftest import NOW
from tests.factories import add

SIGNS = st.text(st.sampled_from("abcZ09éß " + BETWEEN), max_size=30)


@given(SIGNS, SIGNS)
@example("o'neill+tips@example.org", "Ada \\ [Lovelace]")
@example("", ":;")
def test_words_are_what_stands_between_the_signs(schema, email, name):
    with Session() as session:
        found = session.scalar(select(func.tsvector_to_array(spelled(literal(email), literal(name)))))
    assert set(found) == set(f"{email} {name}".lower().translate(str.maketrans(BETWEEN, " " * len(BETWEEN))).split())


def test_a_line_of_consent_is_somebodys(session):
    with pytest.raises(IntegrityError, match="names nobody"):
        add(session, Consent(subscriber_id=7, kind="asked", wording="Yes", at=NOW))
