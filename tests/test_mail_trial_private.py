"""Trying out a mail server from a public page is no way into a private network."""

import asyncio
import socket

import pytest

from funnel import config
from funnel.mail import smtp, trial
from funnel.relay import Relay
from tests.owner_data import EMAIL
from tests.sink import Sink


@pytest.fixture
def caught():
    made = Sink()
    made.listen()
    yield made
    made.stop()


@pytest.fixture
def named(monkeypatch):
    """named(host, *addresses): what the host's name leads to, one after the other each time it is asked."""
    known: dict[str, list[str]] = {}
    usual = socket.getaddrinfo

    def getaddrinfo(host, port, *given, **more):
        addresses = known.get(host)
        answer = addresses[0] if addresses and len(addresses) == 1 else addresses.pop(0) if addresses else host
        return usual(answer, port, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return lambda host, *addresses: known.__setitem__(host, list(addresses))


def tried(relay, trusted=()):
    return asyncio.run(smtp.tried(relay, config.settings().mail_from, EMAIL, b"", trusted))


def test_a_public_page_is_no_way_into_a_private_network(clean, setting):
    setting(
        BASE_URL="https://mail.example.org",
        SMTP_URL="smtp://relay.example.org",
        MAIL_FROM="alessandro@example.org",
        PRACTICE_ADDRESS="1 Example Street, London",
    )
    known = config.settings()
    assert not known.local
    heard = asyncio.run(smtp.tried(Relay("127.0.0.1", 25), known.mail_from, EMAIL))

    assert (heard.lines, heard.text) == ((), trial.IS_PRIVATE)
    assert "private network" in trial.finding(heard, Relay("127.0.0.1", 25), "a", "b", False).title


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once(clean, named, monkeypatch, caught):
    monkeypatch.setattr(smtp, "is_private", lambda address: address == "127.0.0.1")
    named("rebinding.example", "::1", "127.0.0.1")
    heard = tried(Relay("rebinding.example", caught.port))
    assert heard.part == trial.Part.CONNECTION
    assert (heard.lines, caught.caught) == ((), [])


def test_a_private_address_is_spoken_to_where_a_server_in_force_has_it(clean, named, caught):
    named("relay.example", "127.0.0.1")
    named("another.example", "127.0.0.1")
    assert tried(Relay("another.example", caught.port), [Relay("relay.example", 25)]).worked


def test_a_name_in_force_is_no_leave_to_go_where_it_leads_now(clean, named, caught):
    named("relay.example", "127.0.0.1", "8.8.8.8")
    assert tried(Relay("relay.example", caught.port), [Relay("relay.example", 25)]).text == trial.IS_PRIVATE


def test_on_ones_own_machine_every_address_is_spoken_to_and_the_next_one_where_the_first_is_deaf(
    clean, named, monkeypatch, caught
):
    both = [(socket.AF_INET, ("127.0.0.1", port)) for port in (1, caught.port)]

    async def addresses(_relay):
        return both

    monkeypatch.setattr(smtp, "_addresses", addresses)
    assert tried(Relay("relay.example", caught.port), None).worked
    both[:] = both[:1]
    assert tried(Relay("relay.example", 1), None).text == "Connection refused"
