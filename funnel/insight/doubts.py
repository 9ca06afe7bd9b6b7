"""What spoke for a robot when one person signed up, and what showed that they are none."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience import pointer, risk
from funnel.models.door import Proof
from funnel.models.people import Form, SignUp
from funnel.programme.history import among

MOST = 5  # the newest


@dataclass(frozen=True)
class Doubt:
    """A sign-up that looked risky: how much, from 1 to risk.MOST, and why in words, the weightiest first."""

    at: datetime
    form_id: int
    form: str
    score: int
    reasons: list[str]
    proof: Proof


def of(session: Session, subscriber_id: int) -> list[Doubt]:
    """Those of the person and of whoever was merged into them, newest first; none where nothing spoke for a robot."""
    query = (
        select(SignUp, Form.title)
        .join(Form, Form.id == SignUp.form_id)
        .where(among(SignUp.subscriber_id, pointer.all_of(session, subscriber_id)), SignUp.risk > 0)
        .order_by(SignUp.created_at.desc(), SignUp.id.desc())
        .limit(MOST)
    )
    return [
        Doubt(one.created_at, one.form_id, title, one.risk, risk.reasons(one.signs), one.proof)
        for one, title in session.execute(query)
    ]
