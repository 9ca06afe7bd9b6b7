"""The breaker: what stops, for how long, and what goes on."""

from datetime import timedelta

import pytest

from funnel.config import settings
from funnel.mail import breaker, pace, relays, replies, rests
from funnel.mail.breaker import FIRST_PAUSE_S, LATEST, MOST_ABOUT_US
from funnel.mail.claimed import Claimed
from funnel.mail.lease import LEASE
from funnel.mail.replies import Meaning, Outcome, Reply, Stage
from funnel.models.mail import Queue
from funnel.models.sending import RelayTally
from tests.conftest import NOW

RELAY = "relay.example.org:25"
MOST_BAD = LATEST // breaker.BAD_SHARE

TAKEN = Reply(Stage.DOT, 250, "2.0.0 Ok")
ABOUT_US = Reply(Stage.DOT, 550, "5.7.1 Spam")
BAD = Reply(Stage.RCPT, 550, "5.1.1 Unknown")
ENOUGH = Reply(Stage.RCPT, 421, "4.7.28 Unusual rate of mail")
DEFERRED = Reply(Stage.RCPT, 452, "4.2.2 Full")
UNCLEAR = Reply(Stage.DOT, 550, "No")
CLOSING = Reply(Stage.RCPT, 451, "4.3.2 Closing")


def mail(email="ada@example.org", claimed_at=NOW):
    values = dict.fromkeys(Claimed._fields)
    return Claimed(**(values | {"email": email, "lease_until": claimed_at + LEASE}))


def outcome(reply, relay=RELAY):
    return replies.outcome(reply, relay)


def saw(session, *replied, now=NOW, queue=Queue.BULK, email="ada@example.org"):
    """One record transaction with these replies. Returns whether the stream is paused."""
    return breaker.seen(session, queue, [(mail(email), outcome(reply)) for reply in replied], now)


def paused(session, now=NOW, queue=Queue.BULK):
    return rests.paused(rests.resting(session, now), queue)


def minutes(count):
    return NOW + timedelta(minutes=count)


def test_ten_refusals_in_a_row_about_us_pause_the_stream_and_say_why(session):
    assert not saw(session, *[ABOUT_US] * (MOST_ABOUT_US - 1))
    assert paused(session) is None
    assert saw(session, ABOUT_US)
    rest = paused(session)
    assert rest.why == "10 refusals in a row about us: 550 5.7.1 Spam"
    assert rest.until == minutes(5)
    assert paused(session, queue=Queue.URGENT) is None


def test_a_mail_that_was_taken_begins_the_count_anew(session):
    for _ in range(3):
        saw(session, *[ABOUT_US] * (MOST_ABOUT_US - 1), TAKEN)
    saw(session, *[ABOUT_US] * 5, BAD, *[ABOUT_US] * 5)
    assert paused(session) is None


def test_what_says_nothing_of_us_does_not_begin_it_anew(session):
    saw(session, *[ABOUT_US] * 5, DEFERRED, UNCLEAR, *[ABOUT_US] * 5)
    assert paused(session)


def test_the_pause_is_longer_each_time_up_to_an_hour(session):
    now, lengths = NOW, []
    for _ in range(6):
        saw(session, TAKEN, *[ABOUT_US] * MOST_ABOUT_US, now=now)
        rest = paused(session, now)
        lengths.append((rest.until - now).total_seconds() / 60)
        now = rest.until + timedelta(seconds=1)
    assert lengths == [5, 10, 20, 40, 60, 60]


def test_what_was_on_its_way_as_the_pause_began_is_not_counted_for_the_next(session):
    saw(session, *[ABOUT_US] * MOST_ABOUT_US)
    assert saw(session, *[ABOUT_US] * 50)
    assert saw(session)
    assert not saw(session, TAKEN, queue=Queue.URGENT)
    assert paused(session).seconds == FIRST_PAUSE_S
    saw(session, *[ABOUT_US] * (MOST_ABOUT_US - 1), now=minutes(6))
    assert paused(session, minutes(6)) is None


def test_the_urgent_stream_pauses_by_its_own_refusals(session):
    saw(session, *[ABOUT_US] * MOST_ABOUT_US, queue=Queue.URGENT)
    assert paused(session, queue=Queue.URGENT)
    assert paused(session) is None


def test_too_many_bad_addresses_pause_the_stream(session):
    judged = Outcome(Meaning.TOO_MANY_BAD, "", "550 5.1.1 Unknown", "5.1.1", RELAY)
    breaker.seen(session, Queue.BULK, [(mail(), outcome(TAKEN)), (mail(), judged)], NOW)
    assert paused(session).why == f"{breaker.BAD_LIST}550 5.1.1 Unknown"


@pytest.mark.parametrize(("bad", "too_many"), [(MOST_BAD, False), (MOST_BAD + 1, True)])
def test_over_five_in_a_hundred_of_the_last_200_are_too_many(session, bad, too_many):
    assert breaker.too_many_bad(session, RELAY, bad, bad) == too_many
    saw(session, *[BAD] * (bad - 1), *[TAKEN] * (LATEST - bad))
    assert breaker.too_many_bad(session, RELAY, 1, 1) == too_many


def test_bad_addresses_of_long_ago_are_not_held_against_the_list(session):
    saw(session, *[BAD] * MOST_BAD, *[TAKEN] * (LATEST - MOST_BAD - 1))
    assert not breaker.too_many_bad(session, RELAY, 0, 1)
    assert breaker.too_many_bad(session, RELAY, 1, 1)
    saw(session, TAKEN)
    assert not breaker.too_many_bad(session, RELAY, 1, 1)


def test_of_many_delivered_at_once_it_is_the_share_that_counts(session):
    assert not breaker.too_many_bad(session, RELAY, 50, 1000)
    assert breaker.too_many_bad(session, RELAY, 51, 1000)


def test_where_the_bad_ones_stood_is_remembered(session):
    saw(session, TAKEN, BAD, TAKEN, TAKEN, BAD)
    saw(session, BAD, DEFERRED, TAKEN)
    tally = session.get_one(RelayTally, RELAY)
    assert (tally.delivered, sorted(tally.bad_marks)) == (7, [2, 5, 6])
    saw(session, *[BAD] * 30)
    session.expire_all()
    assert sorted(tally.bad_marks) == list(range(27, 38))


def test_each_relay_is_judged_for_itself(session):
    saw(session, *[BAD] * MOST_BAD)
    assert breaker.too_many_bad(session, RELAY, 1, 1)
    assert not breaker.too_many_bad(session, "other.example.org:25", 1, 1)


def test_a_domain_that_has_enough_of_us_rests_alone(session):
    saw(session, ENOUGH, ENOUGH, email="ada@example.org")
    assert rests.resting_domains(rests.resting(session, NOW)) == []
    saw(session, ENOUGH, email="ben@example.org")
    saw(session, ENOUGH, email="ada@example.com")
    assert rests.resting_domains(rests.resting(session, NOW)) == ["example.org"]
    assert rests.resting(session, NOW)[0].why == "421 4.7.28 Unusual rate of mail"
    assert paused(session) is None
    assert rests.resting_domains(rests.resting(session, minutes(5))) == []


def test_a_domain_that_takes_mails_in_between_does_not_rest(session):
    for _ in range(5):
        saw(session, ENOUGH, ENOUGH, TAKEN)
    assert rests.resting_domains(rests.resting(session, NOW)) == []


def test_a_domain_rests_longer_while_it_goes_on_refusing(session):
    saw(session, *[ENOUGH] * 3)
    saw(session, TAKEN, *[ENOUGH] * 3, now=minutes(5))
    assert rests.resting(session, minutes(5))[0].until == minutes(15)


def test_the_address_of_a_mail_to_nobody_we_keep_has_a_domain_too(session):
    typed = mail(email=None)._replace(to_address="typed@example.net")
    breaker.seen(session, Queue.URGENT, [(typed, outcome(ENOUGH))] * 3 + [(mail(None), outcome(ENOUGH))] * 3, NOW)
    assert rests.resting_domains(rests.resting(session, NOW)) == ["example.net"]


@pytest.mark.parametrize(
    ("stage", "code", "text", "throttled"),
    [
        (Stage.RCPT, 421, "4.7.0 [TSS04] Messages temporarily deferred", True),
        (Stage.DOT, 451, "4.7.500 Server busy", True),
        (Stage.DOT, 421, "Too many messages from your network", True),
        (Stage.RCPT, 450, "4.7.1 Greylisted, try again in 5 minutes", False),
        (Stage.RCPT, 451, "Graylisting in action", False),
        (Stage.RCPT, 452, "4.2.2 Mailbox full, too many mails", False),
        (Stage.RCPT, 421, "Closing, idle for too long", False),
        (Stage.MAIL, 421, "4.7.0 Too many mails", False),
        (Stage.DOT, 550, "5.7.1 Too many mails", False),
    ],
)
def test_which_answers_say_that_a_domain_has_enough(stage, code, text, throttled):
    assert outcome(Reply(stage, code, text)).throttled == throttled


def test_a_relay_that_took_a_mail_after_its_rest_is_trusted_again(session, setting):
    setting(SMTP_URL=f"smtp://{RELAY}")
    relays.rest(session, settings().relays[0], "no", NOW)
    saw(session, TAKEN)  # before the rest began, as its reply was read first
    assert rests.known(session, NOW)
    saw(session, DEFERRED, now=minutes(1))
    assert rests.known(session, NOW)
    saw(session, TAKEN, now=minutes(1))
    assert not rests.known(session, NOW)


def test_what_the_relay_did_not_take_is_not_one_of_the_days_mails(session, setting):
    setting(SMTP_URL=f"smtp://{RELAY}?day=100")
    limited = settings().relays[0]
    pace.reserve(session, limited, Queue.URGENT, 100, NOW)
    lost = Reply(Stage.DOT, 0, "closed")
    saw(session, TAKEN, lost, BAD, DEFERRED, ABOUT_US, CLOSING)
    assert pace.reserve(session, limited, Queue.URGENT, 100, NOW) == 4


def test_with_nothing_seen_nothing_is_written(session):
    breaker.seen(session, Queue.BULK, [], NOW)
    saw(session, DEFERRED)
    assert session.get(RelayTally, RELAY) is None
    assert not rests.known(session, NOW)
