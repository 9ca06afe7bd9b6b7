"""Addresses known by their shape are what the library says of them."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from funnel.audience.address import ROLES, bare, usual

PART = st.text("abzABZ019.-_+'!", min_size=1, max_size=8)
DOMAIN = st.lists(st.text("abzAXN09-", min_size=1, max_size=6), min_size=1, max_size=4).map(".".join)
ENDING = st.sampled_from(["com", "Co", "test", "local", "onion", "arpa", "c", "c0", "localhost", "xn--p1ai", "example"])


def asked(text):
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


@given(PART | st.sampled_from(sorted(ROLES)), DOMAIN, ENDING)
@example("a" * 64, "b" * 63, "com")
@example("a" * 65, "b" * 63, "com")
@example("a", ".".join(["b" * 60] * 4), "com")
@example("a" * 60, ".".join(["b" * 61] * 3), "commmmm")
@example("POSTMASTER", "example", "org")
def test_what_is_known_by_its_shape_is_what_the_library_says(local, domain, ending):
    typed = f"{local}@{domain}.{ending}"
    assert usual(typed) in (None, asked(typed))


@pytest.mark.parametrize("typed", ["ada@example.org", "Ada.L+tips@Mail.Example.co.uk", "o'neill_1@a-b.io", "a@1.de"])
def test_the_usual_ones_need_no_library(typed):
    assert usual(typed) == asked(typed)


def test_an_address_is_found_in_what_was_pasted_around_it():
    for pasted in (
        "mailto:ada@example.org", "MAILTO:ada@example.org?subject=Hello", "Ada Byron <ada@example.org>",
        '"Byron, Ada" <ada@example.org>', "<ada@example.org>", "<mailto:ada@example.org>", "ada@example.org.",
        "ada@example.org, ", "Ada <ada@example.org>.", "Ada < ada@example.org. >;", "ada@example.org",
    ):  # fmt: skip
        assert bare(pasted) == "ada@example.org"


def test_what_holds_no_address_is_kept_as_it_was_typed():
    for typed in ("", ".", "Ada <ada>", "ada.", "<script>", "mailto:", ">", "mailto:ada.", "a@b <c>"):
        assert bare(typed) == typed
