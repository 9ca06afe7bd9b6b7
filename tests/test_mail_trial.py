"""What the trial of a mail server means, and how to mend it."""

import pytest

from funnel.mail.trial import IS_PRIVATE, Line, Part, Trial, Who, finding
from funnel.relay import Relay, parse, spelled

STARTTLS, TLS = Relay("mail.example.org", 587), Relay("mail.example.org", 587, tls=True)
ON_465 = Relay("mail.example.org", 465)
NO_CERTIFICATE = "its certificate is not to be trusted: self-signed certificate"


@pytest.mark.parametrize(
    ("relay", "part", "text", "title", "mend"),
    [
        (STARTTLS, Part.CONNECTION, "Connection refused", "Nothing listens there", "587 and 465"),
        (STARTTLS, Part.CONNECTION, "Name or service not known", "There is no such server", "spelled"),
        (STARTTLS, Part.CONNECTION, "no answer in time", "No answer came", "block port 25"),
        (ON_465, Part.CONNECTION, "no answer in time", "does not fit the port", "Choose “TLS”"),
        (TLS, Part.CONNECTION, "[SSL: WRONG_VERSION_NUMBER] wrong version number", "does not fit", "STARTTLS"),
        (TLS, Part.CONNECTION, NO_CERTIFICATE, "not to be trusted", "the name"),
        (STARTTLS, Part.CONNECTION, IS_PRIVATE, "private network", "SMTP_URL"),
        (STARTTLS, Part.CONNECTION, "go away", "let nobody in", "See its answer"),
        (STARTTLS, Part.ENCRYPTION, NO_CERTIFICATE, "not to be trusted", "the name"),
        (STARTTLS, Part.ENCRYPTION, "the server offers no STARTTLS, and…", "no encryption", "port 465"),
        (STARTTLS, Part.SIGN_IN, "authentication failed", "User name or password", "app password"),
        (STARTTLS, Part.SIGN_IN, "the server offers no encryption, so…", "was not sent", "587 or 465"),
        (STARTTLS, Part.SIGN_IN, "the server lets nobody sign in by a password", "nobody sign in here", "empty"),
        (STARTTLS, Part.SENDER, "not yours", "The sender was refused", "as a@example.org"),
        (STARTTLS, Part.RECIPIENT, "relaying denied", "Mail to you was refused", "to b@example.org"),
        (STARTTLS, Part.MAIL, "too large", "The mail was refused", "its answer"),
        (STARTTLS, Part.DONE, "", "It works", "Nothing was sent."),
    ],
)
def test_each_end_has_its_mend(relay, part, text, title, mend):
    found = finding(Trial((Line(Who.US, "EHLO"),), part, 550, text), relay, "a@example.org", "b@example.org", False)

    assert title in found.title
    assert mend in found.mend


@pytest.mark.parametrize(
    ("fields", "relay"),
    [
        (
            ("mail.example.org", "", "maria@example.org", "p@ss/w:rd %?", "required", {"rate": "0.5", "day": ""}),
            Relay("mail.example.org", 587, "maria@example.org", "p@ss/w:rd %?", starttls="required", rate=0.5),
        ),
        (("::1", "25", "", "", "never", {}), Relay("::1", 25, starttls="never")),
        (("mail.example.org", "465", "", "", "tls", {}), Relay("mail.example.org", 465, tls=True)),
        (("mail.example.org", "587", "", "", "offered", {"pool": "2"}), Relay("mail.example.org", 587, pool=2)),
    ],
)
def test_what_is_typed_of_a_relay_is_read_as_it_was_meant(fields, relay):
    assert parse(spelled(*fields)) == relay


@pytest.mark.parametrize("host", ["mail.example.org/x", "a b", "mail@evil", "mail?rate=1", "mail#x"])
def test_a_host_says_nothing_but_a_host(host):
    read = parse(spelled(host, "587", "", "", "required", {}))

    assert (read.rate, read.username, read.port) == (None, "", 587)
