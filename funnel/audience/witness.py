"""Witness: the lines of evidence that a sign-up leaves, one when it was asked for and one when it was confirmed."""

from datetime import datetime

from funnel.audience.visit import Visit, truncated
from funnel.models.people import Consent, ConsentKind, SignUp

BY_FORM = "form"
BY_BUTTON = "button below these words, on the confirmation page"
FOR_ANOTHER = "button below these words, while they were in already"
BUTTONS = (BY_BUTTON, FOR_ANOTHER)  # beside which the words stood


def asked(sign_up: SignUp, how: str, wording: str) -> Consent:
    """That somebody asked, `how`, in these words, when the sign-up came."""
    return Consent(
        subscriber_id=sign_up.subscriber_id,
        sign_up_id=sign_up.id,
        form_id=sign_up.form_id,
        kind=ConsentKind.ASKED,
        wording=wording,
        how=how,
        network=sign_up.wide or truncated(sign_up.network or "") or None,
        agent=sign_up.agent or None,
        at=sign_up.created_at,
    )


def confirmed(sign_up: SignUp, subscriber_id: int, how: str, visit: Visit, now: datetime) -> Consent:
    """That the button behind its mail was pressed; `how` is one of BUTTONS."""
    return Consent(
        subscriber_id=subscriber_id,
        sign_up_id=sign_up.id,
        form_id=sign_up.form_id,
        kind=ConsentKind.CONFIRMED,
        wording=sign_up.wording,
        how=how,
        network=truncated(visit.network) or None,
        agent=visit.agent or None,
        at=now,
    )
