import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.audience import typo


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),  # swapped
        ("gmai.com", "gmail.com"),  # left out
        ("gmaill.com", "gmail.com"),  # put in
        ("gnail.com", "gmail.com"),  # changed
        ("gmai.co", "gmail.com"),  # two slips
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("Gmail.Con", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmail.con", "hotmail.com"),
        ("aol.con", "aol.com"),
        ("libero.con", "libero.it"),
        ("yahooo.co.uk", "yahoo.co.uk"),
        ("outlok.com", "outlook.com"),
        ("example.con", "example.com"),
        ("example.ogr", "example.org"),
    ],
)
def test_a_slip_is_asked_about(typed, meant):
    assert typo.suggestion(f"Ada.L@{typed}") == f"Ada.L@{meant}"


@pytest.mark.parametrize(
    "domain",
    [*typo.PROVIDERS, *sorted(typo.ALSO_REAL), "live.it", "hotmail.nl", "yahoo.fr", "love.com", "example.org"],
)
def test_a_real_domain_is_never_asked_about(domain):
    assert typo.suggestion(f"ada@{domain}") is None


@pytest.mark.parametrize("text", ["", "ada", "@gmial.com", "ada@", "ada@gmail", "ada@localhost"])
def test_what_is_no_address_is_left_to_the_form(text):
    assert typo.suggestion(text) is None


@given(st.emails())
def test_a_suggestion_is_right_itself(email):
    meant = typo.suggestion(email)
    assert meant is None or typo.suggestion(meant) is None
