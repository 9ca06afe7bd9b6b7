"""The statements of bench/masses. What somebody does is told by a hash of their number: the same in every run."""

NUMBERED = ("subscriber", "sign_up", "consent", "message", "event", "booking", "enrolment", "link",
            "newsletter", "form")  # fmt: skip

# Of the large tables; a unique constraint is dropped with its index.
INDEXES = """
SELECT CASE WHEN c.conname IS NULL THEN format('DROP INDEX %I', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %I DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END,
       CASE WHEN c.conname IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname,
                        pg_get_constraintdef(c.oid)) END
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
WHERE i.indrelid IN ('message'::regclass, 'event'::regclass, 'consent'::regclass, 'sign_up'::regclass)
  AND NOT i.indisprimary
"""

# A part of 1000 for each person and question; dates count from the first day.
FUNCTIONS = """
CREATE FUNCTION pg_temp.part(number bigint, question int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT mod(hashint8extended(number, question) & 9223372036854775807, 1000)::int';;
CREATE FUNCTION pg_temp.begins() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$SELECT date_trunc('day', now()) - interval '730 days'$$;;
CREATE FUNCTION pg_temp.is_unknown(person bigint, place int, at timestamptz) RETURNS boolean LANGUAGE sql STABLE
    -- of the older ones the owner has said what became of them
    AS $$SELECT (person * 8 + place) %% 20000 = 7 AND at > now() - interval '30 days'$$
"""

# `steps`: how many mails of the course they are sent before something ends it; `ends`: what that is.
PEOPLE = """
CREATE TEMP TABLE folk AS
SELECT i AS id, ((i - 1) * %(days)s / %(people)s)::int AS day, pg_temp.begins() + (i - 0.5) * %(days)s / %(people)s
           * interval '1 day' AS at,
       pg_temp.part(i, 1) < 780 AS confirmed,
       CASE WHEN pg_temp.part(i, 1) >= 780 THEN 'never' WHEN pg_temp.part(i, 2) < 80 THEN 'left'
            WHEN pg_temp.part(i, 2) < 110 THEN 'bounced' WHEN pg_temp.part(i, 2) < 112 THEN 'complained'
            WHEN pg_temp.part(i, 2) < 180 THEN 'booked' ELSE 'stays' END AS ends,
       CASE WHEN pg_temp.part(i, 1) >= 780 THEN 0 WHEN pg_temp.part(i, 2) < 112 THEN 2 + pg_temp.part(i, 3) %% 6
            WHEN pg_temp.part(i, 2) < 180 THEN 7 + pg_temp.part(i, 3) %% 2 ELSE 8 END AS steps
FROM generate_series(1, %(people)s::bigint) i;;
CREATE INDEX ON folk (day);;
CREATE TEMP TABLE mail AS
    SELECT id, day, row_number() OVER (ORDER BY day, id)::int AS place FROM step WHERE state = 'live' ORDER BY day;;
ANALYZE folk;;
INSERT INTO form (slug, title, promise, rhythm, leaving, button, wording, post_id, sequence_id, created_at)
SELECT slug || '-' || i, title, promise, rhythm, leaving, button, wording, post_id, sequence_id, pg_temp.begins()
FROM (SELECT * FROM form ORDER BY id LIMIT 1) one, generate_series(1, 2) i;;
INSERT INTO subscriber
    (id, email, address_hash, first_name, time_zone, state, pace, form_id, source, utm, created_at, confirmed_at,
     ended_at)
SELECT id, CASE WHEN gone THEN NULL ELSE lower(name) || '.' || left(md5(id::text), 5) || id || '@'
           || (ARRAY['gmail.example', 'outlook.example', 'icloud.example', 'd' || id %% 500 || '.example.org'])
           [id %% 4 + 1]
           END,
       CASE WHEN gone THEN NULL ELSE decode(md5(id::text), 'hex') END, CASE WHEN confirmed THEN name ELSE '' END,
       CASE WHEN confirmed THEN 'Europe/London' ELSE '' END,
       CASE WHEN gone THEN 'erased' WHEN NOT confirmed THEN 'pending' WHEN NOT over THEN 'active'
            ELSE CASE ends WHEN 'left' THEN 'unsubscribed' WHEN 'bounced' THEN 'bounced'
                 WHEN 'complained' THEN 'complained' ELSE 'active' END END,
       'all', 1 + pg_temp.part(id, 4) %% 3,
       (ARRAY['quadratus-lumborum', 'quadratus-lumborum', 'quadratus-lumborum', 'instagram', 'clinic-door', 'neighbour',
              ''])[1 + pg_temp.part(id, 5) %% 7],
       '{}', at, CASE WHEN confirmed THEN at + interval '11 minutes' END,
       CASE WHEN gone THEN at + interval '30 days'
            WHEN over AND ends IN ('left', 'bounced', 'complained') THEN ended END
FROM (SELECT folk.*, at + mail.day * interval '1 day' + interval '3 hours' AS ended,
             at + mail.day * interval '1 day' + interval '3 hours' < now() AS over,
             NOT confirmed AND at < now() - interval '30 days' AS gone,
             (ARRAY['Ada', 'Bruno', 'Chiara', 'Dai', 'Elodie', 'Farid', 'Grace', 'Hanna', 'Ines', 'Joao', 'Kit', 'Lea',
                    'Milo', 'Noor', 'Olga', 'Pia', 'Quim', 'Rosa', 'Sam', 'Tove'])
                 [1 + pg_temp.part(folk.id, 6) %% 20] AS name
      FROM folk LEFT JOIN mail ON mail.place = folk.steps) person
"""
SIGN_UPS = """
INSERT INTO sign_up (id, form_id, email, address_hash, first_name, time_zone, source, utm, wording, nonce, state,
    reason, subscriber_id, created_at, settled_at, confirmed_at)
SELECT id, form_id, email, address_hash, first_name, time_zone, source, '{}', 'Send me the course.', '12345678',
    'settled', '', id, created_at, created_at, confirmed_at
FROM subscriber WHERE email IS NOT NULL;;
INSERT INTO consent (subscriber_id, sign_up_id, form_id, kind, wording, how, at)
SELECT id, id, form_id, 'asked', 'Send me the course.', 'the form', created_at FROM subscriber
UNION ALL
SELECT id, id, form_id, 'confirmed', 'Send me the course.', 'the page', confirmed_at FROM subscriber
    WHERE confirmed_at IS NOT NULL;;
INSERT INTO form_view (form_id, day, source, views)
SELECT form_id, created_at::date, source, count(*) * 6 FROM subscriber GROUP BY 1, 2, 3
"""
LINKS = """
INSERT INTO link (url, kind, label, step_id, created_at)
SELECT 'https://example.org/page-' || id || '-' || i, 'content', 'A page', id, pg_temp.begins()
    FROM step, generate_series(1, 2) i
UNION ALL SELECT 'booking', 'booking', 'Book with Alessandro', id, pg_temp.begins() FROM step
UNION ALL SELECT 'https://example.org/#', 'canary', 'canary', id, pg_temp.begins() FROM step;;
CREATE TEMP TABLE course_link AS
    SELECT id, step_id, kind, row_number() OVER (PARTITION BY step_id ORDER BY id) AS place FROM link
"""
_MESSAGE = """
INSERT INTO message (id, kind, key, template, queue, message_id, subscriber_id, sign_up_id, step_id, newsletter_id,
    enrolment_id, state, reason, reply, relay, attempts, due_at, expires_at, created_at, sent_at, ended_at, troubled_at)
SELECT number, kind, key || number, template, queue, '<' || number || '.' || md5(number::text) || '@example.org>',
    person, sign_up, step, newsletter, enrolment, state, reason,
    CASE WHEN state = 'sent' THEN '250 2.0.0 Ok: queued as 4F2C' ELSE '' END, 'mail.example.org:587', 1, at,
    at + interval '3 days', at, CASE WHEN state = 'sent' THEN at END, at,
    CASE WHEN state IN ('failed', 'unknown') THEN at END
FROM (SELECT nextval('message_id_seq') AS number, planned.* FROM ({}) planned) numbered
"""
MAILS_OF_A_DAY = _MESSAGE.format(
    """
SELECT 'confirmation' AS kind, 'confirm:' AS key, 'confirmation' AS template, 'urgent' AS queue, id AS person,
    id AS sign_up, NULL::bigint AS step, NULL::bigint AS newsletter, NULL::bigint AS enrolment, 'sent' AS state,
    '' AS reason, at FROM folk WHERE day = %(day)s
UNION ALL
SELECT 'step', 'step:' || mail.id || ':', 'step', 'bulk', folk.id, NULL, mail.id, NULL, folk.id,
    CASE WHEN folk.steps > mail.place OR ends IN ('stays', 'booked', 'left', 'complained') THEN
        CASE WHEN pg_temp.part(folk.id * 8 + mail.place, 7) < 4 THEN 'skipped'
             WHEN pg_temp.is_unknown(folk.id, mail.place, folk.at + mail.day * interval '1 day') THEN 'unknown'
             ELSE 'sent' END
        ELSE 'failed' END,
    CASE WHEN folk.steps = mail.place AND ends = 'bounced' THEN 'there is no such address'
         WHEN pg_temp.part(folk.id * 8 + mail.place, 7) < 4 THEN 'paused by the reader'
         WHEN pg_temp.is_unknown(folk.id, mail.place, folk.at + mail.day * interval '1 day') THEN 'no answer came'
         ELSE '' END,
    folk.at + mail.day * interval '1 day'
FROM mail JOIN folk ON folk.day = %(day)s - mail.day AND folk.steps >= mail.place
WHERE folk.at + mail.day * interval '1 day' < now()
"""
)
NEWSLETTER = """
INSERT INTO newsletter (subject, preheader, body, state, planned_to, created_at, started_at, ended_at)
SELECT 'News of day ' || %(day)s, '', 'Hello.', 'sent', 0, at, at, at
FROM (SELECT pg_temp.begins() + %(day)s * interval '1 day' AS at) sent
"""
NEWSLETTER_MAILS = _MESSAGE.format(
    """
SELECT 'newsletter' AS kind, 'newsletter:' AS key, 'newsletter' AS template, 'bulk' AS queue, folk.id AS person,
    NULL::bigint AS sign_up, NULL::bigint AS step, issue.id AS newsletter, NULL::bigint AS enrolment,
    CASE WHEN pg_temp.part(folk.id, 8) < 3 THEN 'skipped' ELSE 'sent' END AS state,
    CASE WHEN pg_temp.part(folk.id, 8) < 3 THEN 'had a mail within 20 hours' ELSE '' END AS reason,
    pg_temp.begins() + %(day)s * interval '1 day' AS at
FROM folk, (SELECT max(id) AS id FROM newsletter) issue
WHERE folk.confirmed AND folk.day < %(day)s AND (ends IN ('stays', 'booked') OR folk.day + folk.steps * 3 > %(day)s)
"""
)
_EVENT = """
INSERT INTO event (kind, key, at, subscriber_id, message_id, link_id, machine, reason, detail)
"""
# Scanners follow all links of half the mails; people now and then one; some leave, bounce, complain.
EVENTS = (
    _EVENT
    + """
SELECT 'click', 'click:' || message.id || ':' || link.id || ':m', message.sent_at + interval '3 s',
    message.subscriber_id, message.id, link.id, true, 'several links at once', '{}'
FROM message JOIN course_link link ON link.step_id = coalesce(message.step_id, (SELECT min(step_id) FROM course_link))
WHERE message.id BETWEEN %(first)s AND %(last)s AND message.kind <> 'confirmation' AND message.state = 'sent'
  AND pg_temp.part(message.id, 9) < 520
""",
    _EVENT
    + """
SELECT 'click', 'click:' || message.id || ':' || link.id || ':p',
    message.sent_at + (10 + pg_temp.part(message.id, 11) * 3) * interval '1 minute', message.subscriber_id, message.id,
    link.id, false, '', '{}'
FROM message JOIN course_link link ON link.step_id = coalesce(message.step_id, (SELECT min(step_id) FROM course_link))
    AND link.place = CASE WHEN pg_temp.part(message.id, 12) < 150 THEN 3 ELSE 1 END
WHERE message.id BETWEEN %(first)s AND %(last)s AND message.kind <> 'confirmation' AND message.state = 'sent'
  AND pg_temp.part(message.id, 10) < 120
""",
    _EVENT
    + """
SELECT CASE folk.ends WHEN 'left' THEN 'unsubscribe' WHEN 'complained' THEN 'complaint' ELSE 'bounce' END,
    folk.ends || ':' || message.id, message.ended_at + interval '3 hours', message.subscriber_id, message.id, NULL,
    false, CASE folk.ends WHEN 'bounced' THEN '5.1.1' ELSE '' END, '{}'
FROM message JOIN mail ON mail.id = message.step_id
JOIN folk ON folk.id = message.subscriber_id AND folk.steps = mail.place
WHERE message.id BETWEEN %(first)s AND %(last)s AND folk.ends IN ('left', 'complained', 'bounced')
""",
)
BOOKINGS = """
INSERT INTO booking (state, how, subscriber_id, message_id, source, name, email, phone, suits, note, created_at,
    text_deleted_at)
SELECT CASE WHEN pg_temp.part(folk.id, 13) < 80 THEN 'cancelled' WHEN pg_temp.part(folk.id, 13) < 700 THEN 'booked'
       ELSE 'requested' END, 'page', folk.id, message.id, subscriber.source, subscriber.first_name,
       coalesce(subscriber.email, ''), '', '', '', folk.at + mail.day * interval '1 day' + interval '4 hours', now()
FROM folk JOIN mail ON mail.place = folk.steps JOIN subscriber ON subscriber.id = folk.id
LEFT JOIN message ON message.subscriber_id = folk.id AND message.step_id = mail.id AND message.kind = 'step'
    AND message.state = 'sent'
WHERE folk.ends = 'booked' AND folk.at + mail.day * interval '1 day' + interval '4 hours' < now();;
INSERT INTO event (kind, key, at, subscriber_id, booking_id, machine, reason, detail)
SELECT 'booking', 'booking:' || id, created_at, subscriber_id, id, false, 'page', '{}' FROM booking
"""
COURSES = """
INSERT INTO enrolment
    (id, subscriber_id, sequence_id, state, reason, step_id, due_at, next_at, round, started_at, ended_at)
SELECT folk.id, folk.id, (SELECT min(id) FROM sequence), CASE WHEN after.id IS NOT NULL AND NOT over THEN 'active'
       WHEN ends = 'stays' THEN 'finished' ELSE 'stopped' END,
       CASE WHEN over THEN CASE ends WHEN 'stays' THEN NULL WHEN 'complained' THEN 'complained' ELSE ends END END,
       CASE WHEN NOT over THEN after.id END, CASE WHEN NOT over THEN folk.at + after.day * interval '1 day' END,
       CASE WHEN NOT over THEN folk.at + after.day * interval '1 day' END, 1, folk.at + interval '11 minutes',
       CASE WHEN over THEN folk.at + last.day * interval '1 day' END
FROM folk JOIN mail last ON last.place = folk.steps
CROSS JOIN LATERAL (SELECT folk.at + last.day * interval '1 day' < now() AS over) ended
LEFT JOIN LATERAL (SELECT id, day FROM mail WHERE folk.at + mail.day * interval '1 day' >= now()
    AND mail.place <= folk.steps ORDER BY place LIMIT 1) after ON true
WHERE folk.confirmed;;
INSERT INTO marketing_stamp (subscriber_id, at, message_id) SELECT subscriber_id, max(sent_at), max(id) FROM message
WHERE kind IN ('step', 'newsletter') AND sent_at IS NOT NULL GROUP BY 1
"""
# Some thousands wait: for their morning, or put off.
WAITING = """
UPDATE message SET state = CASE WHEN id %% 40 = 0 THEN 'deferred' ELSE 'queued' END, sent_at = NULL, ended_at = NULL,
    reply = CASE WHEN id %% 40 = 0 THEN '451 4.7.1 Greylisted' ELSE '' END,
    reason = CASE WHEN id %% 40 = 0 THEN 'the relay asked to try later' ELSE '' END,
    attempts = (id %% 40 = 0)::int, due_at = now() + interval '1 hour', expires_at = now() + interval '3 days'
WHERE id > (SELECT max(id) FROM message) - %(people)s / 200 AND kind = 'step' AND state = 'sent';;
INSERT INTO queue_entry (message_id, queue, due_at, expires_at, kind, subscriber_id, sign_up_id, enrolment_id, attempts,
    reason)
SELECT id, queue, due_at, expires_at, kind, subscriber_id, sign_up_id, enrolment_id, attempts, reason FROM message
WHERE id > (SELECT max(id) FROM message) - %(people)s / 200 AND state IN ('queued', 'deferred');;
INSERT INTO heartbeat (name, at) VALUES ('clock', now()) ON CONFLICT (name) DO UPDATE SET at = now()
"""
BEGINNING = {"people": FUNCTIONS + ";;" + PEOPLE, "their sign-ups and consents": SIGN_UPS, "links": LINKS}
# Triggers, which would have counted them, are off while all of this is made.
ISSUES = """
INSERT INTO progress (newsletter_id, state, mails, at)
SELECT newsletter_id, state, count(*), now() FROM message WHERE kind = 'newsletter' GROUP BY newsletter_id, state;;
UPDATE newsletter SET planned = (SELECT sum(mails) FROM progress WHERE newsletter_id = newsletter.id)
WHERE EXISTS (SELECT FROM progress WHERE newsletter_id = newsletter.id)
"""
END = {"mails that wait": WAITING, "bookings": BOOKINGS, "courses and stamps": COURSES, "newsletters": ISSUES}
