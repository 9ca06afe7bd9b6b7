"""How risky a filled-in form looks: the reasons explain the score, and more of a thing never makes it less."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from funnel.audience import disposable, mailbox, risk
from funnel.audience.risk import Facts, Sign

CLEAN = Facts("ada@example.org", "Ada", seconds=20)
NAMES = ["", "Ada", "Buy $$$", "xKjHgTreWq", "Schwarzkopf"]
EMAILS = ["ada@example.org", "a.d.a.x@gmail.com", "ada+1@example.org", "ada@mailinator.com"]
facts = some.builds(
    Facts,
    email=some.sampled_from(EMAILS),
    first_name=some.sampled_from(NAMES),
    is_tool=some.booleans(),
    has_script=some.booleans(),
    seconds=some.none() | some.floats(0, 100),
    from_network=some.integers(0, 60),
    from_around=some.integers(0, 60),
    is_rush=some.booleans(),
)


@given(facts)
def test_the_reasons_explain_the_score(one):
    found = risk.weigh(one)
    assert found.score == min(risk.MOST, sum(risk.WEIGHTS[sign][0] for sign in found.signs))
    assert len(risk.reasons(found.signs)) == len(found.signs)
    assert (found.score == 0) == (found.signs == ())
    assert risk.of(found.signs) == found


@given(facts)
def test_what_makes_it_worse_never_makes_it_less(one):
    score = risk.weigh(one).score
    worse = [
        replace(one, is_tool=True),
        replace(one, has_script=False),
        replace(one, is_rush=True),
        replace(one, from_network=one.from_network + 1),
        replace(one, from_around=one.from_around + 1),
        replace(one, seconds=0),
        replace(one, email="a.d.a.x+1@mailinator.com"),
    ]
    assert all(risk.weigh(other).score >= score for other in worse[:-1])
    assert risk.weigh(worse[-1]).score >= risk.weigh(replace(one, email="ada@example.org")).score


def test_a_person_at_home_looks_like_nothing():
    assert risk.weigh(CLEAN).signs == ()
    for name in ("Zoë", "O’Neill-Ng", "McDonald", "JeanPierre", "Krzysztof", "Schwarzkopf", "שירה", "Ada 🌿"):
        assert (name, risk.weigh(replace(CLEAN, first_name=name)).signs) == (name, ())


def test_each_sign_shows_what_it_is_about():
    shown = {
        Sign.TOOL: {"is_tool": True},
        Sign.RUSH: {"is_rush": True},
        Sign.DISPOSABLE: {"email": "ada@sub.mailinator.com"},
        Sign.MANY_FROM_NETWORK: {"from_network": risk.MANY_FROM_NETWORK},
        Sign.SOME_FROM_NETWORK: {"from_network": risk.SOME_FROM_NETWORK},
        Sign.MANY_FROM_AROUND: {"from_around": risk.MANY_FROM_AROUND},
        Sign.ADVERT: {"first_name": "Win 5000"},
        Sign.ODD_NAME: {"first_name": "hGtRfDxZ"},
        Sign.DISGUISED: {"email": "a.d.a.x@gmail.com"},
        Sign.HASTY: {"seconds": risk.HASTY_S - 0.1},
        Sign.NO_SCRIPT: {"has_script": False},
    }
    for sign, changes in shown.items():
        assert risk.weigh(replace(CLEAN, **changes)).signs == (sign,)
    assert risk.WEIGHTS.keys() - shown.keys() == {Sign.NO_MAIL, Sign.REFUSED_BEFORE}  # these show behind the page


def test_a_word_that_this_version_does_not_know_counts_for_nothing():
    assert risk.of(["tool", "from the future"]).signs == (Sign.TOOL,)


def test_a_domain_in_a_listed_one_is_disposable_and_one_like_it_is_not():
    assert disposable.is_disposable("ada@Mailinator.com")
    assert disposable.is_disposable("ada@a.b.mailinator.com")
    assert not disposable.is_disposable("ada@mailinator.com.example.org")
    assert not disposable.is_disposable("ada@com")


def test_spellings_of_one_mailbox_are_one():
    same = ["a.d.a+x@googlemail.com", "ADA@gmail.com", "ada+tips+more@Gmail.com"]
    assert {mailbox.spelled(email) for email in same} == {"ada@gmail.com"}
    assert mailbox.spelled("a.d.a+x@example.org") == "a.d.a@example.org"
    assert mailbox.spelled("+ada@example.org") == "+ada@example.org"
    assert mailbox.mark("Ada@example.org") is None
    assert mailbox.mark("ada+x@example.org") == mailbox.hash_of("ada@example.org")
