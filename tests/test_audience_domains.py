"""Whether a domain takes mail: what the DNS says, how long that is kept, and what follows for a sign-up."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from funnel.audience import domains, mail_server, settle
from funnel.db import Session, utc_now
from funnel.models.door import MailDomain, MailServer
from funnel.models.mail import Message
from funnel.models.people import Form, SignUp, SignUpState
from tasks import sign_ups as waiting
from tests.audience_cast import count, signs_up
from tests.conftest import NOW
from tests.dns_server import SILENT, NameServer
from tests.factories import a_form, a_sign_up

ZONE = {
    "post.example": {"MX": "10 mail.post.example."},
    "host.example": {"A": "192.0.2.1"},
    "six.example": {"AAAA": "2001:db8::1"},
    "null.example": {"MX": "0 ."},
    "bare.example": {},
    "broken.example": "SERVFAIL",
    "gone.example": None,
}


@pytest.fixture
def public(setting):
    setting(
        BASE_URL="https://mail.example.org",
        SMTP_URL="smtp://relay.example.org",
        MAIL_FROM="a@example.org",
        PRACTICE_ADDRESS="1 Road",
    )


def test_what_the_dns_says_is_a_fact_and_what_it_does_not_say_is_unknown():
    with NameServer(ZONE):
        found = {name: mail_server.look(name) for name in ZONE}
    assert found == {
        "post.example": MailServer.THERE,
        "host.example": MailServer.THERE,
        "six.example": MailServer.THERE,
        "null.example": MailServer.NONE,
        "bare.example": MailServer.NONE,
        "broken.example": MailServer.UNKNOWN,
        "gone.example": MailServer.NONE,
    }


def test_a_server_that_never_answers_is_given_up_and_unknown(monkeypatch):
    monkeypatch.setattr(mail_server, "LONGEST_S", 0.2)
    with NameServer({"slow.example": SILENT}):
        assert mail_server.look("slow.example") == MailServer.UNKNOWN


def test_what_is_no_name_is_unknown():
    assert mail_server.look("a" * 300 + ".example") == MailServer.UNKNOWN


def test_an_address_that_can_get_no_mail_is_refused_and_says_so(session):
    domains.keep(session, "gone.example", MailServer.NONE, NOW)
    row = signs_up(session, a_form(session), "ada@GONE.example")
    assert (row.state, row.reason, row.signs) == (SignUpState.REFUSED, settle.NO_MAIL, ["no mail server"])
    assert count(session, Message) == 0


def test_an_answer_that_is_unknown_or_old_refuses_nobody(session):
    domains.keep(session, "slow.example", MailServer.UNKNOWN, NOW)
    domains.keep(session, "gone.example", MailServer.NONE, NOW - domains.GOOD_FOR[MailServer.NONE])
    form = a_form(session)
    for domain in ("slow.example", "gone.example", "other.example"):
        assert signs_up(session, form, f"ada@{domain}").state == SignUpState.SETTLED


def test_no_answer_leaves_an_older_one_in_force_while_that_is_good(session):
    domains.keep(session, "post.example", MailServer.THERE, NOW)
    domains.keep(session, "post.example", MailServer.UNKNOWN, NOW + timedelta(days=1))
    assert session.get_one(MailDomain, "post.example", populate_existing=True).answer == MailServer.THERE
    domains.keep(session, "post.example", MailServer.UNKNOWN, NOW + timedelta(days=8))
    assert session.get_one(MailDomain, "post.example", populate_existing=True).answer == MailServer.UNKNOWN


def test_on_ones_own_machine_nothing_is_looked_up(session):
    assert domains.unlooked(session, [a_sign_up(session).id], NOW) == {}


def test_a_domain_is_looked_up_once_for_all(session, public):
    form = a_form(session)
    first, second = (a_sign_up(session, form, email=f"{name}@Post.example") for name in ("ada", "zoe"))
    other = a_sign_up(session, form, email="eve@six.example")
    asked = [one.id for one in (first, second, other)]
    assert domains.unlooked(session, asked, NOW) == {"post.example": [first.id, second.id], "six.example": [other.id]}
    domains.keep(session, "post.example", MailServer.THERE, NOW)
    assert domains.unlooked(session, [second.id], NOW) == {}
    assert domains.unlooked(session, [second.id], NOW + timedelta(days=8)) == {"post.example": [second.id]}


def test_the_worker_looks_beside_its_work_and_settles_then(session, public):
    form = a_form(session)
    for email in ("ada@post.example", "zoe@gone.example"):
        a_sign_up(session, form, email=email, created_at=utc_now())
    session.commit()
    with NameServer(ZONE):
        waiting.settle_new()
        waiting._lookers().shutdown(wait=True)
    waiting._lookers.cache_clear()
    session.expire_all()
    reasons = session.scalars(select(SignUp.reason).order_by(SignUp.id)).all()
    assert reasons == ["confirmation planned", settle.NO_MAIL]


def test_those_of_one_domain_wait_for_one_look(session, public, monkeypatch):
    form, looked = a_form(session), []
    for name in "ab":
        a_sign_up(session, form, email=f"{name}@post.example", created_at=utc_now())
    session.commit()
    usual = mail_server.look

    def later(domain):  # meanwhile one more signs up
        looked.append(domain)
        with Session.begin() as own:
            a_sign_up(own, own.get(Form, form.id), email="c@post.example", created_at=utc_now())
        waiting.settle_new()
        return usual(domain)

    monkeypatch.setattr(mail_server, "look", later)
    with NameServer(ZONE):
        waiting.settle_new()
        waiting._lookers().shutdown(wait=True)
    waiting._lookers.cache_clear()
    session.expire_all()
    assert looked == ["post.example"]
    assert set(session.scalars(select(SignUp.state))) == {SignUpState.SETTLED}


def test_while_all_who_look_are_busy_it_goes_out(session, public, monkeypatch):
    monkeypatch.setattr(waiting._LOOKING, "acquire", lambda blocking: False)
    row = a_sign_up(session, email="ada@gone.example", created_at=utc_now())
    session.commit()
    waiting.settle_new()
    session.refresh(row)
    assert row.state == SignUpState.SETTLED


def test_a_look_up_that_fails_leaves_the_sign_up_for_later(session, public, monkeypatch, caplog):
    looked = []

    def broken(domain):
        looked.append(domain)
        raise RuntimeError("no resolver")

    monkeypatch.setattr(mail_server, "look", broken)
    row = a_sign_up(session, email="ada@post.example", created_at=utc_now())
    session.commit()
    waiting.settle_new()
    waiting._lookers().shutdown(wait=True)
    waiting._lookers.cache_clear()
    waiting.settle_new()  # it is passed by for a minute
    session.refresh(row)
    assert row.state == SignUpState.NEW
    assert looked == ["post.example"]
    assert "could not be settled" in caplog.text


def test_where_no_thread_is_to_be_had_it_goes_out_and_the_next_looks_it_up(session, public, monkeypatch, caplog):
    """The executor keeps what it could not begin, and does it later all the same."""
    form, kept = a_form(session), []
    a_sign_up(session, form, email="a@post.example", created_at=utc_now())
    session.commit()

    def submit(work, domain):
        kept.append((work, domain))
        raise RuntimeError("can't start new thread")

    def states():
        session.expire_all()
        return list(session.scalars(select(SignUp.state).order_by(SignUp.id)))

    with NameServer(ZONE):
        with monkeypatch.context() as broken:
            broken.setattr(waiting._lookers(), "submit", submit)
            waiting.settle_new()
        assert states() == [SignUpState.SETTLED]
        for work, domain in kept:
            work(domain)
        session.execute(delete(MailDomain))
        a_sign_up(session, form, email="b@post.example", created_at=utc_now())
        session.commit()
        waiting.settle_new()
        waiting._lookers().shutdown(wait=True)
    waiting._lookers.cache_clear()
    assert states() == [SignUpState.SETTLED] * 2
    assert waiting._LOOKING._value == waiting.LOOKERS
    assert caplog.text.count("could not be") == 1
