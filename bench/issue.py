"""The newsletter that is sent: 7 kB with its headers, personal, two tracked links, a button to leave in one press."""

from collections.abc import Callable

from funnel.db import Session, utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.programme import newsletters

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
            created_at=now,
        )
        session.add(issue)
        session.flush()
        return int(issue.id)


def plan(newsletter_id: int, after_each: Callable[[], object] = lambda: None) -> int:
    """Plans it for everybody, in chunks, as the clock does; returns how many people it reaches."""
    people = 0
    while True:
        with Session.begin() as session:
            planned = newsletters.queue(session, newsletter_id, utc_now())
        if not planned:
            return people
        people += planned
        after_each()
