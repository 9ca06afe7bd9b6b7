"""“Ready to send?”: the whole list, of the shipped course above all."""

import pytest

from funnel.config import settings
from funnel.db import utc_now
from funnel.mail import readiness, sketch, targets
from funnel.mail.press import Words
from funnel.mail.sketch import Sketch
from funnel.programme.check import State, stops, worst
from tests.conftest import NOW
from tests.owner_data import Practice

BODY = (
    "Hello there,\n\n" + "We walk a bit and then we rest. " * 20 + "\n\nRead [one](https://example.org/a) of "
    "[two](https://example.org/b).\n\n## Your turn\n\nWalk for ten minutes.\n"
)
WORDS = Words("A walk a day", "One small thing for every day, and why it helps you.", BODY)


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


def said(checks, name):
    return [(check.state, check.words) for check in checks if check.name == name]


@pytest.mark.parametrize("place", range(8))
def test_every_mail_of_the_course_that_comes_with_funnel_is_ready(practice, place):
    checks = readiness.checks(practice.session, sketch.of_step(practice.steps[place]), NOW)
    assert [check for check in checks if check.state is not State.GOOD] == []
    assert len(checks) > 14


@pytest.mark.parametrize("kind", sketch.KINDS)
def test_every_kind_of_mail_is_looked_at_in_its_own_way(session, kind):
    checks = readiness.checks(session, Sketch(kind, WORDS), NOW)
    assert stops(checks) == []
    assert bool(said(checks, "Way out")) == (kind != sketch.NOTICE)


def test_a_notice_may_say_what_a_step_may_not(session):
    words = Words(WORDS.subject, WORDS.preheader, BODY + "\n[Confirm]({{ confirm_link }})\n")
    of_notice, of_step = (readiness.checks(session, Sketch(kind, words), NOW) for kind in (sketch.NOTICE, sketch.STEP))
    assert stops(of_notice) == []
    assert {check.name for check in stops(of_step)} == {"Tags"}


def test_what_must_be_mended_stands_first(session):
    checks = readiness.checks(session, Sketch(sketch.STEP, Words("", "", "This cures you.")), NOW)
    states = [check.state for check in checks]
    assert states == sorted(states, key=[State.STOP, State.WARN, State.GOOD].index)
    assert worst(checks) == State.STOP


def test_a_mail_above_what_gmail_shows_is_stopped_and_a_large_one_warned_of(session):
    large, larger = ("word " * count for count in (5_500, 30_000))
    warned = readiness.checks(session, Sketch(sketch.STEP, Words(WORDS.subject, WORDS.preheader, large)), NOW)
    stopped = readiness.checks(session, Sketch(sketch.STEP, Words(WORDS.subject, WORDS.preheader, larger)), NOW)
    ((state, words),) = said(warned, "Size")
    assert state == State.WARN
    assert "102 kB" in words
    assert "Gmail would cut it off" in said(stopped, "The mail")[0][1]


def test_a_practice_without_a_postal_address_sends_nothing(session, setting):
    setting(PRACTICE_ADDRESS="")
    assert settings().practice_address  # the local stand-in
    setting(PRACTICE_ADDRESS="3 O'Hara & Sons, Leeds")
    assert said(readiness.checks(session, Sketch(sketch.STEP, WORDS), NOW), "Postal address")[0][0] == State.GOOD


def test_links_to_other_sites_are_as_they_were_last_seen(session, monkeypatch):
    mail = Sketch(sketch.STEP, WORDS)
    urls = readiness.to_look_at(mail)
    assert urls == ["https://example.org/a", "https://example.org/b"]
    ((state, words),) = said(readiness.checks(session, mail, NOW), "Dead links")
    assert (state, words) == (State.WARN, "0 of 2 looked at. Press “Look at the links now”.")

    targets.ask(urls)
    assert "A worker is looking" in said(readiness.checks(session, mail, NOW), "Dead links")[0][1]
    seen = {urls[0]: targets.Seen(targets.State.DEAD, "gone"), urls[1]: targets.Seen(targets.State.UNSURE, "away")}
    monkeypatch.setattr(targets, "look", seen.get)
    targets.look_at_some()

    assert said(readiness.checks(session, mail, NOW), "Dead links") == [
        (State.STOP, "“one” is dead: gone. https://example.org/a"),
        (State.WARN, "“two” could not be looked at: away. https://example.org/b"),
        (State.GOOD, "2 looked at within a day."),
    ]


def test_with_redis_away_nobody_says_that_a_link_is_dead(session, frozen_redis):
    ((state, words),) = said(readiness.checks(session, Sketch(sketch.STEP, WORDS), NOW), "Dead links")
    assert state == State.WARN
    assert "Redis is away" in words


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/posts/quadratus-lumborum#wall", ""),
        ("/posts/quadratus-lumborum", ""),
        ("/posts/quadratus-lumborum#ceiling", "the post has no place called “ceiling”"),
        ("/posts/nothing", "there is no post “nothing”"),
    ],
)
def test_links_into_our_own_posts_are_looked_up(practice, path, fault):
    words = Words(WORDS.subject, WORDS.preheader, f"[Read on]({path})")
    checks = readiness.checks(practice.session, Sketch(sketch.STEP, words), NOW)
    expected = [(State.STOP, f"“Read on”: {fault}.")] if fault else []
    assert [one for one in said(checks, "Dead links") if one[0] is State.STOP] == expected


def test_a_sketch_is_the_same_when_it_was_kept(practice):
    mail = sketch.of_step(practice.steps[4])
    assert sketch.of(mail.kept()) == mail
    assert mail.sources.splitlines()[0] == (
        "NICE · Guideline NG59, low back pain and sciatica in over 16s, 2016, updated 2020"
    )
    assert readiness.to_look_at(Sketch(sketch.STEP, Words("A", "B", "{{ nothing }}"))) == []
