"""Law 2, asserted in every test that sends: each mail ever planned is where the books say it is."""

from sqlalchemy.orm import Session

from funnel.programme import plan


def assert_balance(session: Session, waiting: int | None = None) -> plan.Balance:
    """planned = sent + skipped + failed + unknown + expired + waiting, each explained; `waiting` of them, if given."""
    found = plan.balance(session)
    assert found.holds, found
    if waiting is not None:
        assert found.waiting == waiting, found
    return found
