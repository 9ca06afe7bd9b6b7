"""The envelope sender that names its message."""

import pytest

from funnel import tokens
from funnel.mail import verp


@pytest.fixture(autouse=True)
def _bounces(clean, setting):
    setting(BOUNCE_ADDRESS="bounces@example.org")


@pytest.mark.parametrize("number", [1, 127, 128, 2**40, 2**62])
def test_a_sender_names_its_message_whatever_relays_do_to_its_case(number):
    address = verp.sender(number)
    assert address.startswith("bounces+")
    assert address.endswith("@example.org")
    assert len(address.partition("@")[0]) <= 64
    assert {verp.read(address), verp.read(address.upper()), verp.read(f" <{address}> ")} == {number}


def test_without_a_bounce_address_the_sender_is_ours(setting):
    setting(BOUNCE_ADDRESS="", MAIL_FROM="ada@example.org")
    assert verp.sender(1) == "ada@example.org"


@pytest.mark.parametrize("address", ["", "@", "bounces@example.org", "bounces+@x", "bounces+aaaa@x", "b+1@x", "b+ä@x"])
def test_what_is_not_ours_is_nobodys(address):
    assert verp.read(address) is None


def test_a_forged_or_borrowed_token_is_nobodys():
    address = verp.sender(7)
    local = address.partition("@")[0]
    other = "b" if local[-3] != "b" else "c"
    assert verp.read(f"{local[:-3]}{other}{local[-2:]}@example.org") is None
    assert verp.read(f"bounces+{tokens.sign(tokens.Purpose.GO, 1, 7)}@example.org") is None
