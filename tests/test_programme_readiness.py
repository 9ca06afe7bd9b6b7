"""“Ready to send?”: what the words tell."""

import pytest

from funnel.programme import calls, inbox, readiness
from funnel.programme.check import State, stops, worst

SUBJECT, PREHEADER = "A stretch for each side", "One gentle stretch that takes a minute, and why it helps."
BODY = "Hello there,\n\n" + "We walk a bit and then we rest. " * 20 + "\n\n## Your turn\n\nWalk for ten minutes.\n"


def of(subject=SUBJECT, preheader=PREHEADER, body=BODY, sources=()):
    return readiness.checks(subject, preheader, body, list(sources))


def found(checks, name):
    return [(check.state, check.line) for check in checks if check.name == name]


def says(checks, name):
    return " ".join(check.words for check in checks if check.name == name)


def test_a_mail_that_is_in_order_has_only_good_lines():
    assert worst(of()) == State.GOOD
    assert {"Subject", "Preheader", "Length", "Reading age", "One thing to do", "Sources"} <= {one.name for one in of()}
    assert worst([]) == State.GOOD


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        ("", State.STOP),
        ("a" * 81, State.STOP),
        ("one line\nand another", State.STOP),
        ("a long one, " * 6, State.WARN),
        ("A short one", State.GOOD),
    ],
)
def test_the_length_of_a_subject(subject, state):
    assert found(of(subject=subject), "Subject") == [(state, 1)]


def test_what_a_phone_cuts_is_shown():
    assert "“What massage can do for a back, and wha…”" in says(
        of(subject="What massage can do for a back, and what it cannot"), "Subject"
    )
    assert inbox.cut("  as   it is ", 10) == "as it is"


@pytest.mark.parametrize(
    "subject", ["BOOK YOUR SESSION NOW", "Now!! Really", "Tired? Not any more!", "Re: your appointment"]
)
def test_habits_of_spam_are_named(subject):
    assert found(of(subject=subject), "Habits of spam") == [(State.WARN, 1)]


def test_a_name_in_capitals_is_no_shouting():
    assert found(of(subject="NHS: QL"), "Habits of spam") == [(State.GOOD, 1)]


@pytest.mark.parametrize(
    ("preheader", "state"),
    [
        ("", State.WARN),
        ("Too short", State.WARN),
        ("A stretch for each side, a stretch, for each side, a stretch", State.WARN),
        ("with a\x00hidden sign, of the length that a preheader should have", State.STOP),
    ],
)
def test_a_preheader_of_a_fitting_length_says_something_new(preheader, state):
    assert found(of(preheader=preheader), "Preheader") == [(state, 1)]


def test_tags_and_words_that_are_refused_stop_with_their_line():
    checks = of(body=f"{BODY}\nThis cures you, {{{{ frist_name }}}}.\n", subject="{{ owner_link }}")

    assert [(check.name, check.field, check.line) for check in stops(checks)] == [
        ("Tags", "subject", 1),
        ("Tags", "body", 9),
        ("Words", "body", 9),
    ]
    assert "Did you mean {{ first_name | default(" in says(checks, "Tags")
    assert "may ease for a while" in says(checks, "Words")


def test_a_mail_too_short_too_long_or_empty_says_so():
    assert found(of(body="A few words."), "Length") == [(State.WARN, None)]
    assert found(of(body="word " * 400), "Length") == [(State.WARN, None)]
    assert found(of(body=" \n"), "Length") == [(State.STOP, 1)]


def test_hard_words_warn_and_the_hardest_sentence_is_named():
    hard = (
        "Rehabilitation professionals recommend individualised physiotherapeutic interventions notwithstanding ours. "
    )
    checks = of(body=f"Easy.\n\n{hard * 16}\n")

    assert found(checks, "Reading age")[0] == (State.WARN, None)
    assert (State.WARN, 3) in found(checks, "Reading age")
    assert "Flesch–Kincaid" in says(checks, "Reading age")


def test_a_fact_without_a_source_warns_with_its_line():
    claim = BODY + "\nA large study of people found that 45 % walk.\n"

    assert found(of(body=claim), "Sources") == [(State.WARN, 9)]
    assert found(of(body=claim, sources=["NHS"]), "Sources") == [(State.GOOD, None)]


def test_links_are_found_with_their_lines_whatever_stands_in_them():
    text = (
        'Hi {{ first_name | default("you") }},\n\nread [this](http://example.org) or [that](/posts/x "interest").\n\n'
        "[Book with {{ practitioner_name }}]({{ booking_link }})\n\n[I have booked]({{ booked_link }})\n"
    )
    one, two, book, booked = calls.links(text)

    assert (one.address, one.line, one.alone) == ("http://example.org", 3, False)
    assert two.choice
    assert (book.address, book.words, book.line) == ("{{ booking_link }}", "Book with {{ practitioner_name }}", 5)
    assert book.alone
    assert booked.quiet


def test_links_over_http_pictures_and_what_was_not_closed_are_named():
    text = "[this](http://example.org)\n\n![](/a.png)\n\n![A knee](/b.png)\n\nA **bold word.\n\n[One](/book)\n"
    checks = calls.checks(text)

    assert found(checks, "Links") == [(State.WARN, 1)]
    assert found(checks, "Pictures") == [(State.STOP, 3), (State.WARN, 3), (State.WARN, 5)]
    assert found(checks, "Markdown") == [(State.WARN, 7)]


@pytest.mark.parametrize(
    ("body", "state", "line"),
    [
        ("[Book]({{ booking_link }})\n\n[I have booked]({{ booked_link }})", State.GOOD, 1),
        ("[Book]({{ booking_link }})\n\n[Read on](/posts/x)", State.WARN, 3),
        ('- [Easy](/posts/x#a "interest")\n- [Hard](/posts/x#b "interest")', State.GOOD, 1),
        ("Some words.\n\n## Your turn\n\nWalk.", State.GOOD, 3),
        ("Some words, and [a link](/posts/x) in them.", State.WARN, None),
    ],
)
def test_a_mail_asks_for_one_thing(body, state, line):
    assert found(calls.checks(body), "One thing to do") == [(state, line)]
