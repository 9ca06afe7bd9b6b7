from datetime import timedelta

import pytest

from funnel import tokens
from funnel.audience import suppression
from funnel.models.people import Suppression, SuppressionReason
from tests.audience_cast import count
from tests.conftest import NOW

BOUNCE, COMPLAINT, ERASURE, OWNER = (
    SuppressionReason.BOUNCE,
    SuppressionReason.COMPLAINT,
    SuppressionReason.ERASURE,
    SuppressionReason.OWNER,
)


@pytest.fixture
def ada(schema):
    return tokens.address_hash("ada@example.org")


def test_an_address_is_suppressed_once(session, ada):
    assert suppression.reason(session, ada) is None
    suppression.suppress(session, ada, BOUNCE, NOW)
    suppression.suppress(session, ada, BOUNCE, NOW + timedelta(days=1))
    assert suppression.reason(session, ada) == BOUNCE
    assert session.get(Suppression, ada).created_at == NOW
    assert count(session, Suppression) == 1


@pytest.mark.parametrize(
    ("first", "then", "stands"),
    [
        (ERASURE, BOUNCE, BOUNCE),
        (ERASURE, COMPLAINT, COMPLAINT),
        (BOUNCE, OWNER, OWNER),
        (COMPLAINT, ERASURE, COMPLAINT),
        (BOUNCE, ERASURE, BOUNCE),
        (COMPLAINT, BOUNCE, COMPLAINT),
    ],
)
def test_the_weightier_reason_stands(session, ada, first, then, stands):
    suppression.suppress(session, ada, first, NOW)
    suppression.suppress(session, ada, then, NOW)
    session.expire_all()
    assert suppression.reason(session, ada) == stands


def test_lifting_lets_the_address_be_mailed_again(session, ada):
    suppression.suppress(session, ada, OWNER, NOW)
    suppression.lift(session, ada, NOW)
    assert suppression.reason(session, ada) is None


def test_lifting_one_reason_leaves_the_others(session, ada):
    suppression.suppress(session, ada, BOUNCE, NOW)
    suppression.lift(session, ada, NOW, only=ERASURE)
    assert suppression.reason(session, ada) == BOUNCE
