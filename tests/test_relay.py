"""What SMTP_URL may say of a relay, and what is refused, each with its mend."""

import pytest

from funnel.relay import Relay, is_private, parse


def test_nothing_said_leaves_every_limit_out():
    assert parse("smtp://mail.example.org") == Relay("mail.example.org", 587)
    relay = parse("smtps://mail.example.org")
    assert (relay.port, relay.tls, relay.pool, relay.share, relay.verify) == (465, True, 4, 1, True)
    assert (relay.rate, relay.day, relay.warmup) == (None, None, None)


def test_every_option_is_read():
    relay = parse("smtp://u:p@10.0.0.5:25?starttls=required&verify=never&pool=8&share=3&rate=2.5&day=5000&warmup=50")
    assert (relay.starttls, relay.verify, relay.pool, relay.share) == ("required", False, 8, 3)
    assert (relay.rate, relay.day, relay.warmup) == (2.5, 5000, 50)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("speed=1", "“speed” is not an option of it; starttls, verify, pool, share, rate, day and warmup are"),
        ("pool=0", "pool and share take a whole number from 1 to 9999"),
        ("pool=", "pool and share take a whole number"),
        ("share=1.5", "pool and share take a whole number"),
        ("rate=0", "rate takes mails a second, such as 10, or 0.5 for one in two seconds"),
        ("rate=0.000", "rate takes mails a second"),
        ("rate=-1", "rate takes mails a second"),
        ("rate=nan", "rate takes mails a second"),
        ("rate=١", "rate takes mails a second"),
        ("day=0", "day and warmup take a whole number of mails, such as 500"),
        ("day=1e3", "day and warmup take a whole number of mails"),
        ("warmup=-50", "day and warmup take a whole number of mails"),
        ("warmup=500&day=50", "warmup, the mails of the first day, is more than day"),
        ("verify=no", "verify takes never; leave it out to have the certificate verified"),
        ("verify=never", "verify=never is for a mail server on this machine or in a private network"),
        ("starttls=", "starttls takes required or never"),
    ],
)
def test_a_wrong_option_is_refused_with_its_mend(option, said):
    with pytest.raises(ValueError, match=r"option|take|warmup|verify") as refused:
        parse(f"smtp://u:hunter22@mail.example.org?{option}")
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "192.168.1.9",
        "10.1.2.3",
        "100.64.0.9",
        "fd00::7",
        "postfix",
        "mail.lan",
        "mx.local",
    ],
)
def test_a_machine_of_ones_own_need_not_be_verified(host):
    assert is_private(host)
    assert not parse(f"smtp://{f'[{host}]' if ':' in host else host}?verify=never").verify


@pytest.mark.parametrize("host", ["mail.example.org", "8.8.8.8", "2606:4700::1111", "local.example.org"])
def test_one_on_the_internet_is_verified(host):
    assert not is_private(host)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("::ffff:10.0.0.1", True),  # mapped
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::10.0.0.1", True),  # NAT64
        ("64:ff9b::8.8.8.8", False),
        ("2002:a00:1::1", True),  # 6to4 of 10.0.0.1
        ("2001:0:808:808::f5ff:fffe", True),  # Teredo: 10.0.0.1 behind 8.8.8.8
        ("fe80::1%eth0", True),
    ],
)
def test_an_address_that_wraps_another_is_as_private_as_that_one(host, private):
    assert is_private(host) is private
