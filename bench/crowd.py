"""Made-up people by the million, straight into the database: what is measured comes after them."""

import psycopg
from tqdm import tqdm

CHUNK = 100_000
# As people are: most of them plain, some not. An empty one is greeted by the mail's default. Every fourth has one that
# hardly anybody shares, since names that come again cost a mail less.
FIRST_NAMES = ("Ada", "Bruno", "Chiara", "Dai", "Élodie", "Farid", "Grace", "Hanna", "Ines", "João", "", "李明", "محمد")
DOMAINS = 500

# The address's hash is only of the right length: the keyed one is made in Python, and nobody here is suppressed.
_PEOPLE = """
INSERT INTO subscriber
    (id, email, address_hash, first_name, time_zone, state, pace, source, utm, created_at, confirmed_at)
SELECT i, 'reader-' || i || '@d' || i %% %(domains)s || '.example.org', decode(md5(i::text), 'hex'),
       (%(names)s::text[])[i %% cardinality(%(names)s::text[]) + 1]
           || CASE WHEN i %% 4 = 0 THEN ' ' || upper(left(md5(i::text), 3)) ELSE '' END,
       'Europe/London', 'active', 'all',
       'quadratus-lumborum', '{}', now() - interval '1 year', now() - interval '1 year'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i
"""
_STAMPS = """
INSERT INTO marketing_stamp (subscriber_id, at, message_id)
SELECT id, now() - interval '30 days', 1 FROM subscriber
"""
_ENROLMENTS = """
INSERT INTO enrolment (subscriber_id, sequence_id, state, step_id, due_at, next_at, round, started_at)
SELECT person.id, sequence.id, 'active', step.ids[person.id %% cardinality(step.ids) + 1], due.at, due.at, 1,
       now() - interval '1 month'
FROM (SELECT id FROM subscriber WHERE id BETWEEN %(first)s AND %(last)s ORDER BY id) person,
     (SELECT id FROM sequence ORDER BY id LIMIT 1) sequence,
     (SELECT array_agg(id ORDER BY day, id) AS ids FROM step WHERE state = 'live') step,
     LATERAL (SELECT abs(hashint8(person.id)::bigint) %% 1000000 / 1e6 AS part) drawn,
     LATERAL (SELECT now() + (%(soonest)s + part * %(spread)s) * interval '1 s' AS at) due
"""
_FORMS = """
INSERT INTO form (slug, title, promise, rhythm, leaving, button, wording, post_id, sequence_id, created_at)
SELECT 'bench-' || i, title, promise, rhythm, leaving, button, wording, post_id, sequence_id, created_at
FROM (SELECT * FROM form ORDER BY id LIMIT 1) first, generate_series(1, %s) i ON CONFLICT (slug) DO NOTHING
"""

Database = psycopg.Connection[tuple[object, ...]]


def fresh(database: Database, count: int, *, had_mail: bool = True) -> None:
    """`count` confirmed subscribers, numbered from 1, and nobody else."""
    database.execute("TRUNCATE subscriber, sign_up CASCADE")
    _in_chunks(database, _PEOPLE, "people", count, domains=DOMAINS, names=list(FIRST_NAMES))
    database.execute("SELECT setval('subscriber_id_seq', %s)", [count])
    if had_mail:
        forget_mails(database)
    else:
        database.execute("VACUUM ANALYZE subscriber")


def forget_mails(database: Database) -> None:
    """No mail is planned, nor ever was; but everybody had one a month ago, since a stamp that is there costs more."""
    gone = "message, queue_entry, claim, marketing_stamp, progress, rest, relay_tally, sign_up"
    database.execute(f"TRUNCATE {gone} CASCADE")
    database.execute("DELETE FROM link WHERE newsletter_id IS NOT NULL")
    database.execute("DELETE FROM newsletter")
    database.execute(_STAMPS)
    database.execute("VACUUM ANALYZE")


def enrolments(database: Database, count: int, soonest_s: float, spread_s: float) -> None:
    """The first `count` people on the course, at all its steps, due `soonest_s` from now or up to `spread_s` later."""
    database.execute("TRUNCATE enrolment CASCADE")
    _in_chunks(database, _ENROLMENTS, "enrolments", count, soonest=soonest_s, spread=spread_s)
    database.execute("VACUUM ANALYZE enrolment")


def forms(database: Database, count: int) -> list[str]:
    """`count` forms like the course's own, by the names in their addresses."""
    database.execute(_FORMS, [count])
    return [f"bench-{number}" for number in range(1, count + 1)]


def open_all_day(database: Database) -> None:
    """The course keeps no hours: a bench runs at night too."""
    database.execute("UPDATE sequence SET window_start = 0, window_end = 1440, weekdays = 127")


def _in_chunks(database: Database, statement: str, what: str, count: int, **values: object) -> None:
    # Foreign keys are not looked up: these rows are right by the way they are made.
    database.execute("SET session_replication_role = replica")
    with tqdm(total=count, desc=what, unit=what, unit_scale=True, disable=None, leave=False) as bar:
        for first in range(1, count + 1, CHUNK):
            last = min(first + CHUNK - 1, count)
            database.execute(statement, {"first": first, "last": last, **values})
            bar.update(last - first + 1)
    database.execute("SET session_replication_role = DEFAULT")
