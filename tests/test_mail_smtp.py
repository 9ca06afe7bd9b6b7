"""Opening a connection: who we say we are, encryption, certificates, signing in; and what is said when it fails."""

import asyncio
import socket
import ssl
import time
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from funnel.db import utc_now
from funnel.local import ports
from funnel.mail import smtp
from funnel.mail.replies import Stage
from funnel.mail.smtp import Refused
from funnel.relay import Relay
from tests.factories import a_subscriber
from tests.mail_cast import a_tip, send
from tests.script_server import QUICK, Cast, a_job, script, talk  # noqa: F401
from tests.sink import Sink
from tests.test_mail_dialogue import RUNS


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


def sent(relay, run=asyncio.run, count=1):
    """How the first of `count` mails ended."""
    crew = Cast(*[a_job(number) for number in range(1, count + 1)])
    run(talk(relay, crew))
    assert {fate[1:] for fate in crew.fates()} == {crew.fates()[0][1:]}
    return crew.replies[1].code


def refusal(relay, run=asyncio.run):
    with pytest.raises(Refused) as found:
        run(smtp.opened(relay, QUICK, Cast()))
    assert found.value.reply.stage == Stage.CONNECT
    return str(found.value)


@pytest.mark.parametrize("run", RUNS)
def test_starttls_is_used_where_it_is_offered(server, certificate, run):
    sink = server(tls_context=certificate, require_starttls=True)
    assert sent(Relay("localhost", sink.port), run, 3) == 250
    assert len(sink.caught) == 3
    assert [command.split()[0] for command in sink.commands[:3]] == ["EHLO", "EHLO", "MAIL"]  # RFC 3207 §4.2


def test_starttls_is_not_used_where_it_is_unwanted(server, certificate):
    sink = server(tls_context=certificate, require_starttls=True)
    assert sent(Relay("localhost", sink.port, starttls="never")) == 530


def test_starttls_that_is_required_and_not_offered_is_refused(server):
    assert "requires it" in refusal(Relay("localhost", server().port, starttls="required"))


def test_starttls_that_is_refused_in_the_end_is_not_gone_without(script):
    offering = script(offers=["STARTTLS"])
    offering.at("STARTTLS", "454 4.7.0 TLS not available")
    assert refusal(Relay("localhost", offering.port)) == "454 4.7.0 TLS not available"


@pytest.mark.parametrize("run", RUNS)
def test_tls_from_the_first_byte(server, certificate, run):
    assert sent(Relay("localhost", server(context=certificate).port, tls=True), run) == 250


@pytest.mark.parametrize("run", RUNS)
def test_pipelined_and_encrypted(script, certificate, run):
    secret = script(context=certificate)
    assert sent(Relay("localhost", secret.port, tls=True), run, 30) == 250
    assert len(secret.taken) == 30
    assert secret.early


@pytest.mark.parametrize("run", RUNS)
def test_an_encrypted_connection_is_closed_at_once_when_told(script, certificate, run):
    async def stop() -> None:
        dialogue = await smtp.opened(Relay("localhost", secret.port, tls=True), QUICK, crew)
        dialogue.wake()
        while ("dot", 1) not in crew.story:
            await asyncio.sleep(0.005)
        dialogue.abort()
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 1)

    secret, crew = script(context=certificate), Cast(a_job(1), a_job(2))
    secret.at("dot", stall=0.5)
    run(stop())
    assert crew.fates() == [(1, "ended", Stage.DOT.value, 0), (2, "back")]


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("run", RUNS)
def test_a_certificate_nobody_vouches_for_is_refused(server, certificate, monkeypatch, tls, run):
    monkeypatch.delenv("SSL_CERT_FILE")
    sink = server(context=certificate) if tls else server(tls_context=certificate)
    assert "certificate is not to be trusted" in refusal(Relay("localhost", sink.port, tls=tls), run)


@pytest.mark.parametrize("tls", [True, False])
def test_a_certificate_nobody_vouches_for_will_do_where_it_is_told_so(server, certificate, monkeypatch, tls):
    monkeypatch.delenv("SSL_CERT_FILE")
    sink = server(context=certificate) if tls else server(tls_context=certificate, require_starttls=True)
    assert sent(Relay("127.0.0.1", sink.port, tls=tls, verify=False)) == 250


def test_a_certificate_of_another_host_is_refused(server, certificate):
    assert "certificate is not to be trusted" in refusal(Relay("127.0.0.1", server(context=certificate).port, tls=True))


def test_encryption_with_a_server_that_has_none_is_said_in_plain_words(server):
    assert "wrong version number" in refusal(Relay("localhost", server().port, tls=True)).lower()


@pytest.mark.parametrize("run", RUNS)
def test_signing_in(server, certificate, run):
    sink = server(tls_context=certificate, sign_in=True, auth_required=True)
    assert sent(Relay("localhost", sink.port, "ada", "right"), run) == 250
    said = refusal(Relay("localhost", sink.port, "ada", "wrong-password"), run)
    assert said.startswith("535")
    assert "wrong-password" not in said


def test_a_server_that_hangs_up_on_a_wrong_password_is_quoted(script):
    locked = script(offers=["AUTH LOGIN PLAIN"])
    locked.at("AUTH PLAIN AGFkYQB3cm9uZw==", "535 5.7.8 Wrong", drop=True)
    assert refusal(Relay("localhost", locked.port, "ada", "wrong", starttls="never")) == "535 5.7.8 Wrong"


def test_a_server_that_lets_nobody_sign_in_is_said_in_plain_words(script):
    relay = Relay("localhost", script().port, "ada", "right", starttls="never")
    assert "lets nobody sign in" in refusal(relay)


def test_a_password_is_not_sent_where_nothing_hides_it(server):
    sink = server(sign_in=True)
    assert "password is not sent" in refusal(Relay("localhost", sink.port, "ada", "right"))
    assert sink.logins == []
    assert sent(Relay("localhost", sink.port, "ada", "right", starttls="never")) == 250


@pytest.mark.parametrize(
    ("stage", "reply"), [("greeting", "554 5.7.1 Go away"), ("greeting", "421 Full"), ("EHLO", "550 No")]
)
def test_a_server_that_does_not_let_us_in_is_quoted(script, stage, reply):
    strict = script()
    strict.at(stage, reply)
    assert refusal(Relay("localhost", strict.port)) == reply


@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_nonsense_instead_of_a_greeting_is_an_answer_that_is_none(script, stage):
    odd = script()
    odd.at(stage, "hello\xff?")
    assert refusal(Relay("localhost", odd.port)).startswith("Malformed")


@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_silent_server_is_not_waited_for_beyond_patience(script, stage):
    slow = script()
    slow.at(stage, stall=9)
    began = time.monotonic()
    assert refusal(Relay("localhost", slow.port)) == "no answer in time"
    assert time.monotonic() - began < 5


def test_a_server_that_goes_on_talking_after_it_let_us_in_is_left(script):
    chatty = script()
    chatty.at("EHLO", "250-Hello\r\n250 PIPELINING\r\n421 4.3.2 Going down")
    crew = Cast(a_job(1))
    asyncio.run(talk(Relay("localhost", chatty.port), crew))
    assert (crew.fates(), len(crew.jobs), chatty.taken) == ([], 1, {})


@pytest.mark.parametrize("run", RUNS)
def test_a_server_that_is_away_is_said_in_plain_words(run):
    assert refusal(Relay("127.0.0.1", ports.free()), run) == "Connection refused"


def test_a_host_without_a_name_is_said_in_plain_words():
    assert refusal(Relay("no-such-host.invalid", 25))


@pytest.mark.parametrize("run", RUNS)
def test_small_writes_are_not_held_back(script, run):
    async def delay() -> int:
        dialogue = await smtp.opened(Relay("127.0.0.1", script().port), QUICK, Cast())
        found = dialogue._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        dialogue.abort()
        await dialogue.closed
        return int(found)

    assert run(delay()) == 1


def test_a_domain_beyond_ascii_goes_as_ascii(session, sink):
    a_tip(session, a_subscriber(session, email="ada@bücher.example"))
    send(session)
    assert sink.caught[0].recipient == "ada@xn--bcher-kva.example"


def test_we_call_ourselves_by_the_host_of_base_url(server, setting):
    sink = server()
    for base_url in ("http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:8000"):
        setting(BASE_URL=base_url, SMTP_URL=sink.url)
        sent(Relay("localhost", sink.port))
    names = [command for command in sink.commands if command.startswith("EHLO")]
    assert names == ["EHLO [127.0.0.1]", "EHLO [IPv6:::1]", "EHLO localhost"]
