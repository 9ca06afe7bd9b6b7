"""How a newsletter is edited: as a mail that leaves once, to many."""

from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session as OrmSession

from funnel.insight import subjects
from funnel.mail import render
from funnel.mail.unready import LABELS
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.editing import Kind
from funnel.programme import issue_words, issues, outgoing, prose
from funnel.programme.wording import Fault
from funnel.web.owner import look
from funnel.web.owner.look import Content
from funnel.web.owner.manner import Manner, Values

LEAVING = (NewsletterState.SENDING, NewsletterState.PAUSED)  # whoever is still to get it gets the words of that moment
# What can be filled in, as it is put where one was typing.
INSERTED = {
    "first_name": '{{ first_name | default("there") }}',
    **{name: f"{{{{ {name} }}}}" for name in prose.STEP_TAGS if name != "first_name"},
}


def _read(session: OrmSession, issue: Newsletter, content: Content, now: datetime) -> tuple[Values, list[Fault]]:
    values, faults = issue_words.read(content)
    return values, faults or look.NEWSLETTER.stops(session, content, issue.id, now)


NEWSLETTERS = Manner(
    noun="newsletters",
    one="newsletter",
    kind=Kind.NEWSLETTER,
    model=Newsletter,
    labels=LABELS,
    sides=("subject", "preheader", "body"),
    now="what is saved",
    whose="those get who do not have it yet",
    save_words="Save it for those who do not have it yet",
    look=look.NEWSLETTER,
    title=lambda issue: subjects.shown(issue.subject),
    page=lambda number: url_for("newsletters.show", text_id=number),
    in_force=lambda issue: issue.state in LEAVING,
    held=issues.held,
    typed=lambda _, issue: issue_words.typed(issue),
    read=_read,
    save=issues.save,
    choices=lambda *_: {"inserted": INSERTED},
    stands=lambda issue: issue.part not in outgoing.WORDINGS,
    trial=lambda number: {"template": render.NEWSLETTER, "newsletter_id": number},
)
