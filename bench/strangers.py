"""Requests at the front door, made ahead: links that people follow, and forms that strangers send."""

import time
from collections.abc import Iterator

from bench import crowd, issue
from bench.crowd import Database
from bench.load import get, post

FORMS = 6
NETWORKS = 250
OPEN_FOR_S = 20.0  # so long ago were the forms opened that are sent
NAMES = ("Ada", "Bruno", "Chiara", "Dai", "Farid", "Grace", "Hanna", "Ines", "João", "", "李明")

_MAILS = """
INSERT INTO message (kind, key, template, queue, message_id, subscriber_id, newsletter_id, state, reason, reply, relay,
    attempts, due_at, expires_at, created_at, sent_at, ended_at)
SELECT 'newsletter', 'door:' || id, 'newsletter', 'bulk', '<' || id || '@door>', id, %s, 'sent', '', '', '', 1,
    at, at + interval '1 day', at, at, at
FROM subscriber, (SELECT now() - interval '1 hour' AS at) sent RETURNING id
"""


def clicks(database: Database, host: str, people: int) -> Iterator[str]:
    """Everybody follows each link of a mail that they had an hour ago, one after the other."""
    from funnel.db import Session, utc_now
    from funnel.mail import links
    from funnel.models.content import Newsletter, NewsletterState
    from funnel.models.mail import LinkKind
    from funnel.tokens import Purpose, sign

    crowd.fresh(database, people)
    newsletter = issue.draft()
    with Session.begin() as session:
        session.get_one(Newsletter, newsletter).state = NewsletterState.SENT
        made = [links.ensure(session, url, LinkKind.CONTENT, "One", utc_now(), newsletter_id=newsletter)
                for url in issue.LINKS]  # fmt: skip
    mails = [int(str(row[0])) for row in database.execute(_MAILS, [newsletter]).fetchall()]
    database.execute("VACUUM ANALYZE")
    for link in made:
        for number, mail in enumerate(mails):
            yield get(host, f"/go/{sign(Purpose.GO, link, mail)}", network(number))


def sign_ups(database: Database, host: str, count: int, run: str) -> Iterator[str]:
    """`count` strangers, each from a network of their own; their forms were open for some seconds."""
    forms = form_tokens(database)
    for number in range(count):
        slug, token = forms[number % len(forms)]
        typed = {"email": f"{run}-{number}@d{number % 500}.example.org", "first_name": NAMES[number % len(NAMES)]}
        hidden = {"token": token, "timezone": "Europe/London", "src": "a-post"}
        yield post(host, f"/f/{slug}", network(number), typed | hidden)


def form_tokens(database: Database) -> list[tuple[str, str]]:
    """The names of FORMS forms, each with the token that its page gave out a while ago."""
    from funnel.tokens import Purpose, sign

    slugs = crowd.forms(database, FORMS)
    since = int((time.time() - OPEN_FOR_S) * 1000)
    rows = database.execute("SELECT slug, id FROM form WHERE slug = ANY(%s)", [slugs]).fetchall()
    return [(str(slug), sign(Purpose.FORM, int(str(number)), since)) for slug, number in rows]


def network(number: int) -> str:
    """One of a million, of 10.0.0.0/8; neighbours in number do not lie beside each other."""
    return f"10.{number % NETWORKS}.{number // NETWORKS % NETWORKS}.{number // NETWORKS**2 % NETWORKS + 1}"
