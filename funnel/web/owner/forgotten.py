"""A newsletter of which a restored backup does not know whether it was sent: the owner says which it is."""

from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import addressees
from funnel.db import Session, utc_now
from funnel.insight import issue_account
from funnel.programme import forgotten, outgoing
from funnel.web.owner import gate, progress, texts
from funnel.web.owner.issue_manner import NEWSLETTERS

PLACE = f"/newsletters/<{gate.ID}:text_id>/forgotten"

blueprint = gate.pages("forgotten", __name__)


@blueprint.get(PLACE)
def ask(text_id: int) -> AnyResponse:
    """To whom it would go, and what may happen, before the button."""
    now = utc_now()
    with Session.begin() as session:
        issue = NEWSLETTERS.found(session, text_id)
        can = forgotten.asks(issue)
        people = addressees.count(session, addressees.chosen(issue, issue.started_at or now)) if can else 0
        found = issue_account.account(session, text_id, now)
        return texts.page(
            "forgotten/ask",
            NEWSLETTERS,
            issue,
            can=can,
            people=people,
            account=found,
            stands=outgoing.STANDS[issue.state],
            is_past=issue.starts_at is not None and issue.starts_at <= now,
        )


@blueprint.post(PLACE)
def go_on(text_id: int) -> AnyResponse:
    """It was not sent."""
    done = "Noted: it was not sent. It leaves as it says here."
    return progress.do(forgotten.go_on, text_id, "said that a newsletter was not sent", done)


@blueprint.post(f"{PLACE}/sent")
def take_as_sent(text_id: int) -> AnyResponse:
    done = "Noted: it was sent. No more of it is planned, and what came of it in that time is not known here."
    return progress.do(forgotten.take_as_sent, text_id, "said that a newsletter was sent", done)
