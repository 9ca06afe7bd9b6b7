"""The mail servers: tried out against real ones with every line shown, saved, and removed."""

import re

import pytest
from sqlalchemy import select

from funnel import config
from funnel.db import Session
from funnel.house import stored
from funnel.local import ports
from funnel.mail import smtp
from funnel.models.house import AuditEntry
from funnel.web.owner import relays
from tests.owner_data import EMAIL, press, signed_in
from tests.sink import Sink

RELAYS = "/owner/settings/relays"
PASSWORD = "right"  # as the sink has it; long enough to be looked for
SECRET = "a very secret word"


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def server():
    """server(**options) listens as a relay that no setting names."""
    opened = []

    def start(**options):
        made = Sink(options=options)
        made.listen()
        opened.append(made)
        return made

    yield start
    for made in opened:
        made.stop()


@pytest.fixture
def caught(server):
    return server()


@pytest.fixture
def authenticating(server):
    return server(sign_in=True)


def typed(**changes):
    return {"host": "127.0.0.1", "port": "2525", "encryption": "never", "username": "", "password": "", **changes}


def send(desk, which="new", **fields):
    page = f"{RELAYS}/{which}"
    shown = desk.get(page).text
    fields.setdefault("mark", re.search(r'name="mark" value="(\w+)"', shown)[1])
    fields.setdefault("sealed", re.search(r'name="sealed" value="([^"]*)"', shown)[1])
    return press(desk, page, on=page, **fields)


def mark(desk, which):
    return re.search(r'name="mark" value="(\w+)"', desk.get(f"{RELAYS}/{which}").text)[1]


def remove(desk, which="1", **fields):
    fields.setdefault("mark", mark(desk, which))
    return press(desk, f"{RELAYS}/{which}/remove", on=f"{RELAYS}/{which}", **fields)


def kept() -> list[str]:
    with Session.begin() as session:
        return stored.relay_urls(stored.rows(session).get(stored.RELAYS))


def test_a_server_that_works_is_tried_out_and_nothing_is_sent_or_saved(desk, caught):
    page = send(desk, **typed(port=str(caught.port)), **{"try": "1"}).text

    assert "It works" in page
    assert f"MAIL FROM:&lt;{config.settings().mail_from}&gt;" in page
    assert f"RCPT TO:&lt;{EMAIL}&gt;" in page
    assert "RSET" in page
    assert (caught.caught, kept()) == ([], [])
    with Session.begin() as session:
        assert session.scalars(select(AuditEntry.detail)).one() == {"relay": f"127.0.0.1:{caught.port}", "worked": True}


def test_a_test_mail_is_sent_if_wished_for(desk, caught):
    page = send(desk, **typed(port=str(caught.port)), mail="1").text

    assert "A test mail is on its way" in page
    assert [(one.recipient, one.mail["Subject"]) for one in caught.caught] == [(EMAIL, "[TEST] Your mail server works")]


@pytest.mark.parametrize(
    ("stage", "reply", "title"),
    [
        ("greeting", "554 no service", "The server let nobody in"),
        ("MAIL", "550 5.7.1 not your domain", "The sender was refused"),
        ("RCPT", "550 relaying denied", "Mail to you was refused"),
    ],
)
def test_where_it_ends_is_said_in_plain_words(desk, caught, stage, reply, title):
    caught.at(stage, reply)
    page = send(desk, **typed(port=str(caught.port)), **{"try": "1"}).text

    assert title in page
    assert f"The server said: {reply.partition(' ')[0]}" in page


def test_a_refused_test_mail_is_said(desk, caught):
    caught.at("dot", "552 too large")

    assert "The mail was refused" in send(desk, **typed(port=str(caught.port)), mail="1").text


def test_nothing_that_listens_and_a_name_of_nobody_are_told_apart(desk):
    nothing = send(desk, **typed(port=str(ports.free())), **{"try": "1"}).text
    nobody = send(desk, **typed(host="no-such-host.invalid", encryption="required"), **{"try": "1"}).text

    assert "Nothing listens there" in nothing
    assert "no connection came about" in nothing
    assert "There is no such server" in nobody


def test_a_password_is_taken_out_of_every_line(desk, authenticating):
    page = send(
        desk,
        **typed(port=str(authenticating.port), username="maria", password=PASSWORD, encryption="never"),
        **{"try": "1"},
    ).text

    assert "AUTH" in page
    assert "RIGHT" not in page.upper().partition("<form")[0].partition("<main")[2]
    assert "••••••" in page
    assert "It works" in page
    assert authenticating.logins == [PASSWORD.encode()]


def test_a_wrong_password_is_said_with_its_mend(desk, authenticating):
    page = send(desk, **typed(port=str(authenticating.port), username="maria", password="wrong"), **{"try": "1"}).text

    assert "User name or password is wrong" in page
    assert "app password" in page


def test_it_is_saved_sealed_and_its_password_never_shown_again(desk):
    answer = send(desk, **typed(username="maria", password=SECRET, host="localhost"), save="1")
    assert "saved=" in answer.location
    assert config.settings().relays[0].password == SECRET

    page = desk.get(f"{RELAYS}/1").text
    assert (SECRET in page, "Kept, and not shown" in page) == (False, True)
    assert "localhost:2525" in desk.get(RELAYS).text
    with Session.begin() as session:
        assert SECRET not in str(stored.rows(session)) + str(session.scalars(select(AuditEntry.detail)).all())
    send(desk, "1", **typed(username="maria", host="localhost", port="2526"), save="1")
    assert config.settings().relays[0].password == SECRET
    assert config.settings().relays[0].port == 2526


def test_a_kept_password_is_handed_to_no_other_server(desk):
    send(desk, **typed(username="maria", password=SECRET, host="localhost"), save="1")
    answer = send(desk, "1", **typed(username="maria", host="evil.localhost"), **{"try": "1"})

    assert (answer.status_code, relays.KNOWN_ELSEWHERE in answer.text) == (422, True)
    assert 'value="evil.localhost"' in answer.text


def test_what_is_typed_is_kept_while_it_is_tried_out_and_saved_then(desk, caught):
    page = send(desk, **typed(port=str(caught.port), username="maria", password=SECRET), **{"try": "1"}).text
    assert SECRET not in page
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    send(desk, **typed(port=str(caught.port), username="maria"), sealed=sealed, save="1")

    assert config.settings().relays[0].password == SECRET


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"port": "none"}, "Port: type a whole number such as 587, or leave it empty."),
        ({"host": ""}, "Server: type its name as your provider gives it, such as mail.example.org."),
        (
            {"pool": "0", "rate": "quick"},
            "Mails a second: type a number such as 10, or 0.5 for one in two",
        ),
        ({"day": "5", "warmup": "50"}, "“Mails on the first day” is more than “Mails a day”: make it less."),
        ({"username": "maria"}, "Please type the password too."),
        ({"encryption": "sometimes"}, "Encryption: choose one of those offered."),
    ],
)
def test_what_is_no_relay_is_refused_with_how_to_mend_it(desk, changes, why):
    answer = send(desk, **typed(**changes), save="1")

    assert (answer.status_code, why in answer.text) == (422, True)
    assert kept() == []


def test_in_a_rehearsal_only_this_machine_is_taken(desk, setting):
    setting(DAY_SECONDS="1")
    answer = send(desk, **typed(host="mail.example.org", encryption="required"), save="1")

    assert (answer.status_code, "a rehearsal would mail real people" in answer.text) == (422, True)


def test_a_second_one_is_added_one_removed_and_that_taken_back(desk):
    for host in ("localhost", "other.localhost"):
        send(desk, **typed(host=host), save="1")
    answer = remove(desk)
    assert [relay.host for relay in config.settings().relays] == ["other.localhost"]

    entry = answer.location.rpartition("=")[2]
    back = press(desk, f"/owner/settings/undo/{entry}", on=RELAYS)
    assert back.location == RELAYS
    assert len(config.settings().relays) == 2
    assert desk.get(f"{RELAYS}/3").status_code == 404
    assert remove(desk, "new").status_code == 404


def test_nothing_is_removed_that_was_changed_since_it_was_shown(desk):
    send(desk, **typed(host="localhost"), save="1")
    seen = mark(desk, "1")
    send(desk, "1", **typed(host="other.localhost"), save="1")
    assert "changed the mail servers" in desk.get(remove(desk, mark=seen).location).text
    assert [relay.host for relay in config.settings().relays] == ["other.localhost"]


def test_the_environments_servers_are_shown_and_tried_but_not_changed(desk, setting, sink):
    setting(SMTP_URL=sink.url)
    page = desk.get(RELAYS).text
    assert "SMTP_URL" in page
    assert "It works" in send(desk, "1", **typed(port=str(sink.port)), **{"try": "1"}).text
    assert send(desk, "1", **typed(port=str(sink.port)), save="1").status_code == 403
    assert press(desk, f"{RELAYS}/1/remove", on=f"{RELAYS}/1").status_code == 404


def test_two_owners_at_once_do_not_overwrite_each_other(desk):
    assert send(desk, **typed(), mark="another", save="1").status_code == 409


def test_trials_are_limited(desk, monkeypatch):
    monkeypatch.setattr(relays, "TRIALS", (0, 60))
    answer = send(desk, **typed(), **{"try": "1"})

    assert (answer.status_code, relays.TOO_MANY in answer.text) == (429, True)


def test_a_server_that_says_nothing_is_given_up(desk, caught, monkeypatch):
    monkeypatch.setattr(smtp, "TRIAL_S", 0.2)
    caught.at("greeting", stall=2)
    assert "No answer came" in send(desk, **typed(port=str(caught.port)), **{"try": "1"}).text


def test_encryption_that_does_not_fit_the_port_is_said(desk, caught):
    page = send(desk, **typed(port=str(caught.port), encryption="tls"), **{"try": "1"}).text
    assert "does not fit the port" in page
    page = send(desk, **typed(port=str(caught.port), encryption="required"), **{"try": "1"}).text
    assert "offers no encryption" in page
