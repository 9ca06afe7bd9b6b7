"""Through a real server: what is composed arrives byte for byte, though nobody doubles a dot, and reads as meant."""

import socket
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel import config
from funnel.mail import press
from funnel.mail.bidi import isolated
from funnel.mail.claimed import Claimed
from funnel.mail.edition import Edition
from funnel.mail.press import Words
from tests.conftest import NOW
from tests.hard import HARD, WORDS
from tests.sink import Sink

ISSUE = Words(
    "{{ first_name }}, a word",
    'What {{ first_name | default("somebody") }} may like',
    'Hello {{ first_name | default("there") }}{{ first_name }}.\n\n.{{ first_name }}.\n\n'
    "From [here](/x) to [there](https://example.org/y).\n\n{{ first_name }}\n",
)


class Client:
    """Speaks just enough SMTP, and writes a mail exactly as it was composed."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.answers = self.socket.makefile("rb")
        self.answer()
        self.say(b"EHLO test.example\r\n")

    def answer(self):
        while (line := self.answers.readline())[3:4] == b"-":
            pass
        return int(line[:3])

    def say(self, line):
        self.socket.sendall(line)
        return self.answer()

    def send(self, mail):
        assert self.say(f"MAIL FROM:<{mail.sender}> SMTPUTF8\r\n".encode()) == 250
        assert self.say(f"RCPT TO:<{mail.recipient}>\r\n".encode()) == 250
        assert self.say(b"DATA\r\n") == 354
        assert self.say(mail.data + b".\r\n") == 250


@pytest.fixture
def sink(schema):
    opened = Sink()
    opened.listen()
    yield opened
    opened.stop()


def claimed(name, email="ada@example.org"):
    blank = dict.fromkeys(Claimed._fields)
    return Claimed(**blank | {
        "id": 7, "message_id": "<7.c0ffee@example.org>", "subscriber_id": 9, "email": email, "first_name": name,
        "template": "newsletter", "kind": "newsletter", "expires_at": NOW + timedelta(days=1),
    })  # fmt: skip


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(WORDS, st.sampled_from(HARD)))
def test_a_mail_arrives_as_it_was_composed(sink, name):
    if not hasattr(sink, "client"):
        sink.client = Client(sink.port)
    edition = Edition(press.newsletter(ISSUE, 3, config.settings()), [1, 2, 3], config.settings(), NOW)
    mail = edition.compose(claimed(name))
    sink.client.send(mail)
    caught = sink.caught.pop()
    assert caught.data == mail.data
    found = caught.mail
    shown = isolated(name) if name.strip() else ""
    assert found["Subject"] == f"{shown}, a word"
    text = found.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text.startswith(f"Hello {shown or 'there'}{shown}.\n\n.{shown}.\n\nFrom here <http")
    assert not found.defects


def test_an_address_that_is_not_ascii_arrives_too(sink):
    edition = Edition(press.newsletter(ISSUE, 3, config.settings()), [1, 2, 3], config.settings(), NOW)
    mail = edition.compose(claimed("Jörg", "jörg@bücher.example"))
    Client(sink.port).send(mail)
    caught = sink.caught.pop()
    assert (caught.recipient, caught.data) == ("jörg@xn--bcher-kva.example", mail.data)
    assert str(caught.mail["To"]) == "jörg@xn--bcher-kva.example"
