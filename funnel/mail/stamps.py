"""Stamps put back: of a mail that a claim took and that did not leave, its person had nothing.

A claim stamps its people, which is the 20-hour rule and the month of those who want one newsletter a month. Nothing of
what was before is kept for that: it is read from their mails, and only here, so that what leaves costs nothing more.
"""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

# As a claim does: one person after the other, in an order that knows no deadlock.
_HELD = text("""
SELECT mail.id FROM message AS mail JOIN subscriber AS person ON person.id = mail.subscriber_id
JOIN marketing_stamp AS stamp ON stamp.subscriber_id = coalesce(person.merged_into_id, person.id)
WHERE mail.id = ANY(CAST(:ids AS bigint[])) AND mail.kind IN ('step', 'newsletter')
    AND (stamp.message_id = mail.id OR mail.kind = 'newsletter')
ORDER BY stamp.subscriber_id FOR UPDATE OF stamp
""")
# What they had, perhaps had, or have in the hands of another worker right now.
_PUT_BACK = text("""
WITH mail AS MATERIALIZED (
    SELECT message.id, message.kind, coalesce(person.merged_into_id, person.id) AS whose
    FROM message JOIN subscriber AS person ON person.id = message.subscriber_id
    WHERE message.id = ANY(CAST(:ids AS bigint[]))
), before AS MATERIALIZED (
    SELECT mail.id, mail.kind, mail.whose, last.at, last.message_id, last.newsletter_at
    FROM mail CROSS JOIN LATERAL (
        SELECT max(past.at) AS at, (array_agg(past.id ORDER BY past.at DESC, past.id DESC))[1] AS message_id,
            max(past.at) FILTER (WHERE past.kind = 'newsletter') AS newsletter_at
        FROM (
            SELECT id, kind, coalesce(
                sent_at, ended_at, doubted_at, (SELECT made_at FROM claim WHERE theirs.id = ANY(claim.ids) LIMIT 1)
            ) AS at
            FROM (
                SELECT * FROM message WHERE subscriber_id = ANY(ARRAY(
                    SELECT mail.whose UNION ALL SELECT subscriber.id FROM subscriber WHERE merged_into_id = mail.whose
                )) OFFSET 0  -- else all mails of these kinds are read for each person, by their index
            ) AS theirs
            WHERE kind IN ('step', 'newsletter') AND (
                state IN ('sent', 'unknown') OR doubted_at IS NOT NULL
                OR id = ANY(ARRAY(SELECT unnest(claim.ids) FROM claim))
            )
        ) AS past
    ) AS last
), gone AS (
    DELETE FROM marketing_stamp AS stamp USING before
    WHERE stamp.subscriber_id = before.whose AND stamp.message_id = before.id AND before.at IS NULL
)
UPDATE marketing_stamp AS stamp SET
    at = CASE WHEN stamp.message_id = before.id THEN before.at ELSE stamp.at END,
    message_id = CASE WHEN stamp.message_id = before.id THEN before.message_id ELSE stamp.message_id END,
    newsletter_at = CASE WHEN before.kind = 'newsletter' THEN before.newsletter_at ELSE stamp.newsletter_at END
FROM before WHERE stamp.subscriber_id = before.whose AND before.at IS NOT NULL
    AND (stamp.message_id = before.id OR before.kind = 'newsletter')
""")


def put_back(session: Session, ids: Collection[int]) -> None:
    """Lets these mails, which were given up from their claim and did not leave, count as had by nobody.

    Their people's stamps are those of the mails before them. Kinds that nobody is stamped for are passed by.
    """
    if not ids:
        return
    told = {"ids": f"{{{','.join(map(str, sorted(ids)))}}}"}
    # Two statements: once the rows are ours, what another worker did meanwhile is seen.
    if held := session.scalars(_HELD, told).all():
        session.execute(_PUT_BACK, {"ids": f"{{{','.join(map(str, held))}}}"})
