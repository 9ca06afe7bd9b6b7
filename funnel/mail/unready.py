"""Why a newsletter cannot be sent yet: asked on its page and on the command line alike."""

from datetime import datetime

from sqlalchemy.orm import Session

from funnel.mail import press, readiness, sketch
from funnel.models.content import Newsletter
from funnel.programme import check, issue_words, issues
from funnel.programme.wording import Fault

UNTOUCHED = "This is still the subject that every newsletter begins with. Write your own first."
LABELS = {"subject": "Subject", "preheader": "Preheader", "body": "Newsletter", "sources": "Sources"}


def why(session: Session, issue: Newsletter, now: datetime) -> str:
    """The first thing to mend, in words; empty when it can be sent."""
    if issue.subject == issues.EMPTY["subject"]:
        return UNTOUCHED
    content = issue_words.typed(issue)
    faults = issue_words.read(content)[1]
    if not faults:
        drawn = sketch.typed(sketch.NEWSLETTER, content, sketch.NEW_COURSE, press.web_page(issue))
        stops = check.stops(readiness.checks(session, drawn, now))
        faults = [Fault(one.field, one.line or 0, one.words) for one in stops]
    if not faults:
        return ""
    line = f", line {faults[0].line}" if faults[0].line else ""
    return f"{LABELS.get(faults[0].field, 'The mail')}{line}: {faults[0].text}"
