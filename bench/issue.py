"""The newsletter that is sent: 7 kB with its headers, personal, two tracked links, a button to leave in one press."""

import time
from collections.abc import Callable

from funnel.audience import dispatch
from funnel.db import Session, utc_now
from funnel.models.content import Newsletter, NewsletterState

LINKS = ("https://example.org/stretching", "https://example.org/sitting")
PARAGRAPH = """
Most backs that hurt in the evening were held still all day. The muscle beside the lower spine tires of that sooner than
of work, and says so when you stand up. Two minutes of walking every half hour are worth more than an hour at night.
"""
PARAGRAPHS = 3
BODY = f"""
Hello {{{{ first_name | default("there") }}}},
{PARAGRAPH * PARAGRAPHS}
Here is [what I do before I sit down]({LINKS[0]}), and [what I do after]({LINKS[1]}).
"""


def draft() -> int:
    """A newsletter that may be sent; returns its id."""
    now = utc_now()
    with Session.begin() as session:
        issue = Newsletter(
            subject='{{ first_name | default("You") }}, two minutes for your back',
            preheader="What to do before and after you sit",
            body=BODY,
            state=NewsletterState.SENDING,
            started_at=now,
            created_at=now,
        )
        session.add(issue)
        session.flush()
        return int(issue.id)


def plan(newsletter_id: int, after_each: Callable[[], object] = lambda: None) -> int:
    """Plans it for everybody, in chunks, as the clock does; returns how many people it reaches."""
    while True:
        with Session.begin() as session:
            done = dispatch.step(session, newsletter_id, utc_now())
            issue = session.get_one(Newsletter, newsletter_id, populate_existing=True)
            people, planned = issue.planned, issue.planned_at is not None
        if planned:
            return people
        if done.due:
            after_each()
        else:
            time.sleep(0.01)  # the clock itself is at it
