"""The socket: encryption, sign-in, sizes, addresses beyond ASCII, and the mail as it goes over the wire."""

import ssl
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from funnel.db import utc_now
from funnel.mail.encoding import Unsendable
from funnel.mail.render import Outgoing
from funnel.mail.replies import Stage
from funnel.mail.smtp import Connection, Patience, Refused
from funnel.models.mail import MessageState
from funnel.relay import Relay
from tests.factories import a_subscriber
from tests.mail_cast import a_tip, send
from tests.sink import Sink

QUICK = Patience(1, 1, 1, 1, 1, 1)
MAIL = Outgoing("bounces@example.org", "ada@example.org", b"Subject: Hi\r\n\r\nHello\r\n")


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate of localhost that this process trusts; the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def server():
    """server(**options) starts a sink with aiosmtpd's options."""
    opened = []

    def start(context=None, **options):
        sink = Sink(options=options, context=context)
        sink.listen()
        opened.append(sink)
        return sink

    yield start
    [sink.stop() for sink in opened]


def sent(relay, mail=MAIL):
    connection = Connection(relay, QUICK)
    try:
        return connection.send(mail)
    finally:
        connection.close()


def refusal(relay):
    with pytest.raises(Refused) as found:
        Connection(relay, QUICK)
    assert found.value.reply.stage == Stage.CONNECT
    return str(found.value)


def test_starttls_is_used_where_it_is_offered(server, certificate):
    sink = server(tls_context=certificate, require_starttls=True)
    assert sent(Relay("localhost", sink.port)).code == 250
    assert len(sink.caught) == 1


def test_starttls_is_not_used_where_it_is_unwanted(server, certificate):
    sink = server(tls_context=certificate, require_starttls=True)
    assert sent(Relay("localhost", sink.port, starttls="never")).code == 530


def test_starttls_that_is_required_and_not_offered_is_refused(server):
    assert "requires it" in refusal(Relay("localhost", server().port, starttls="required"))


def test_tls_from_the_first_byte(server, certificate):
    assert sent(Relay("localhost", server(context=certificate).port, tls=True)).code == 250


@pytest.mark.parametrize("tls", [True, False])
def test_a_certificate_nobody_vouches_for_is_refused(server, certificate, monkeypatch, tls):
    monkeypatch.delenv("SSL_CERT_FILE")
    sink = server(context=certificate) if tls else server(tls_context=certificate)
    assert "certificate is not to be trusted" in refusal(Relay("localhost", sink.port, tls=tls))


def test_a_certificate_of_another_host_is_refused(server, certificate):
    assert "certificate is not to be trusted" in refusal(Relay("127.0.0.1", server(context=certificate).port, tls=True))


def test_signing_in(server, certificate):
    sink = server(tls_context=certificate, sign_in=True, auth_required=True)
    assert sent(Relay("localhost", sink.port, "ada", "right")).code == 250
    said = refusal(Relay("localhost", sink.port, "ada", "wrong-password"))
    assert said.startswith("535")
    assert "wrong-password" not in said


def test_a_password_is_not_sent_where_nothing_hides_it(server):
    sink = server(sign_in=True)
    assert "password is not sent" in refusal(Relay("localhost", sink.port, "ada", "right"))
    assert sink.logins == []
    assert sent(Relay("localhost", sink.port, "ada", "right", starttls="never")).code == 250


def test_the_size_is_told_and_one_that_is_too_large_is_not_begun(server):
    sink = server(data_size_limit=2000)
    sent(Relay("localhost", sink.port))
    assert f"SIZE={len(MAIL.data)}" in sink.commands[1]
    with pytest.raises(Unsendable, match="larger than the 2 kB"):
        sent(Relay("localhost", sink.port), Outgoing(MAIL.sender, MAIL.recipient, b"x" * 2001))


def test_a_local_part_beyond_ascii_needs_a_server_that_takes_it(session, sink):
    tip = a_tip(session, a_subscriber(session, email="zoë@example.org"))
    send(session)
    assert (tip.state, sink.caught[0].recipient) == (MessageState.SENT, "zoë@example.org")
    assert "SMTPUTF8" in sink.commands[1]


def test_a_local_part_beyond_ascii_fails_with_a_clear_reason_elsewhere(session, sink):
    sink.options["enable_SMTPUTF8"] = False
    tip, other = a_tip(session, a_subscriber(session, email="zoë@example.org")), a_tip(session)
    send(session)
    assert (tip.state, other.state) == (MessageState.FAILED, MessageState.SENT)
    assert "letters beyond ASCII" in tip.reason


def test_a_domain_beyond_ascii_goes_as_ascii(session, sink):
    a_tip(session, a_subscriber(session, email="ada@bücher.example"))
    send(session)
    assert sink.caught[0].recipient == "ada@xn--bcher-kva.example"


def test_leading_dots_arrive_as_they_were(server):
    sink = server()
    data = b".first\r\n.\r\n..\r\nlast"
    sent(Relay("localhost", sink.port), Outgoing(MAIL.sender, MAIL.recipient, data))
    assert sink.caught[0].data == data + b"\r\n"


def test_we_call_ourselves_by_the_host_of_base_url(server, setting, sink):
    sent(Relay("localhost", sink.port))
    setting(BASE_URL="http://[::1]:8000", SMTP_URL=sink.url)
    sent(Relay("localhost", sink.port))
    setting(BASE_URL="http://localhost:8000", SMTP_URL=sink.url)
    sent(Relay("localhost", sink.port))
    names = [command for command in sink.commands if command.startswith("EHLO")]
    assert names == ["EHLO [127.0.0.1]", "EHLO [IPv6:::1]", "EHLO localhost"]


def test_a_host_without_a_name_is_said_in_plain_words(clean):
    assert refusal(Relay("no-such-host.invalid", 25))
