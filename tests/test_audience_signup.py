import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from funnel import tokens
from funnel.audience import ending, own_data, signup
from funnel.audience.signup import Typed
from funnel.audience.visit import Visit
from funnel.db import engine
from funnel.models.mail import Message
from funnel.models.people import Consent, SignUp, SignUpState, Subscriber, SubscriberState
from tests.audience_cast import VISIT, count
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up, a_subscriber


def test_signing_up_inserts_one_new_row_and_nothing_else(session):
    form = a_form(session)
    typed = Typed(" Ada@EXAMPLE.org ", " Ada ", "Europe/Rome")
    row = signup.sign_up(session, form, typed, "quadratus-lumborum", {"utm_source": "letter"}, VISIT, NOW)
    assert (row.email, row.first_name, row.time_zone) == ("Ada@example.org", "Ada", "Europe/Rome")
    assert (row.source, row.utm, row.wording) == ("quadratus-lumborum", {"utm_source": "letter"}, form.wording)
    assert (row.network, row.agent, row.state) == ("192.0.2.7", "A browser", SignUpState.NEW)
    assert row.address_hash == tokens.address_hash("ada@example.org")
    assert [count(session, noun) for noun in (SignUp, Subscriber, Consent, Message)] == [1, 0, 0, 0]


def test_a_row_of_accents_is_not_looked_at_to_its_end():
    accents = "\u0301\u0316" * signup.LONGEST_TYPED
    assert len(signup.tidy("Ada" + accents)) <= signup.LONGEST_TYPED
    assert "longer than a mail address" in signup.email_problem(f"ada{accents}@example.org")


def test_nobody_can_tell_from_the_database_work_who_is_subscribed(session):
    addresses, seen = _one_address_in_every_state(session), {}
    form = a_form(session)
    for address in addresses:
        with _statements() as statements:
            signup.sign_up(session, form, Typed(address, "Eve"), "", {}, VISIT, NOW)
        seen[address] = statements
    assert len(seen) == 8
    assert len({tuple(statements) for statements in seen.values()}) == 1
    assert len(seen["new@example.org"]) == 1


def test_asking_for_the_mail_again_adds_a_row_like_the_first(session):
    first = a_sign_up(session, first_name="Ada", source="post", utm={"utm_source": "x"}, time_zone="Europe/Rome")
    row = signup.again(session, first.id, Visit("192.0.2.99", "Another"), NOW)
    for name in ("form_id", "email", "address_hash", "first_name", "source", "utm", "time_zone", "wording"):
        assert getattr(row, name) == getattr(first, name)
    assert row.nonce != first.nonce
    assert (row.id != first.id, row.network, row.state) == (True, "192.0.2.99", SignUpState.NEW)


def test_asking_again_for_a_sign_up_that_is_gone_adds_nothing(session):
    erased = a_sign_up(session, email="")
    assert signup.again(session, erased.id, VISIT, NOW) is None
    assert signup.again(session, erased.id + 1, VISIT, NOW) is None
    assert count(session, SignUp) == 1


def test_asking_again_does_the_same_work_for_everybody(session):
    seen = []
    for address in _one_address_in_every_state(session):
        first = a_sign_up(session, email=address)
        session.commit()
        with _statements() as statements:
            signup.again(session, first.id, VISIT, NOW)
        seen.append(tuple(statements))
        session.commit()
    assert len(set(seen)) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "  ada+tips@example.co.uk ",
        "o'brien@example.org",
        "jürgen@bücher.example.de",
        "用户@example.cn",
        "ada@xn--bcher-kva.de",
        f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.org",
    ],
)
def test_a_real_address_is_taken(address):
    assert signup.email_problem(address) is None


@pytest.mark.parametrize(
    ("address", "mend"),
    [
        ("", "Please type"),
        ("   ", "Please type"),
        (f"{'a' * 288}@example.org", "longer than a mail address"),
        (f"{'ü' * 122}@example.org", "longer than a mail address"),
        ("ada@example.org\r\nBcc: eve@example.org", "hidden sign"),
        ("ada\x00@example.org", "hidden sign"),
        ("ada\u2028@example.org", "hidden sign"),
        ("ada\ud800@example.org", "hidden sign"),
        ("ada.example.org", "one @ sign"),
        ("ada@bob@example.org", "one @ sign"),
        ("ada@example", "after the @"),
        ("ada@", "after the @"),
        ("ada@exa mple.org", "after the @"),
        ("ada@[192.0.2.1]", "after the @"),
        ("ada..l@example.org", "before the @"),
        ("@example.org", "before the @"),
        ("Ada <ada@example.org>", "Please check"),
        ("=?utf-8?q?ada?=@example.org\u200b", "Please check"),
    ],
)
def test_what_is_no_address_is_refused_with_the_mend(address, mend):
    assert mend in signup.email_problem(address)


@given(st.text(max_size=400))
def test_whatever_is_typed_gets_an_answer(text):
    problem = signup.email_problem(text)
    assert problem is None or problem.endswith(".")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@EXAMPLE.org ", "Ada@example.org"),
        ("ada@xn--bcher-kva.de", "ada@bücher.de"),
        ("ada@BÜCHER.de", "ada@bücher.de"),
        ("ada@ｅxample.org", "ada@example.org"),
        ("jose\u0301@example.org", "josé@example.org"),
        ("Not@An ADDRESS", "Not@an address"),
    ],
)
def test_an_address_has_one_spelling(typed, kept):
    assert signup.normalised(typed) == kept


def test_only_plain_utm_arguments_are_kept():
    args = {
        "utm_source": "letter",
        "utm_campaign": "x" * 100,
        "utm_term": "x" * 101,
        "utm_content": "a\x00b",
        "utm_id": "",
        "UTM_MEDIUM": "mail",
        "src": "post",
    }
    assert signup.clean_utm(args) == {"utm_source": "letter", "utm_campaign": "x" * 100}


def test_a_flood_of_utm_arguments_is_cut():
    assert len(signup.clean_utm({f"utm_{'x' * n}": "y" for n in range(1, 31)})) == signup.MOST_UTM


@pytest.mark.parametrize("source", ["quadratus-lumborum", "wix.home_1", "A"])
def test_a_source_is_a_slug(source):
    assert signup.clean_source(source) == source


@pytest.mark.parametrize("source", ["", "-x", "a b", "x" * 81, "a\x00", "<b>", "ä"])
def test_what_is_no_slug_is_no_source(source):
    assert signup.clean_source(source) == ""


def test_a_time_zone_we_do_not_know_is_none():
    assert signup.time_zone("Europe/Rome") == "Europe/Rome"
    assert signup.time_zone("Mars/Olympus") == ""
    assert signup.time_zone("../../etc/passwd") == ""


def _one_address_in_every_state(session) -> list[str]:
    states = [SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.UNSUBSCRIBED]
    for state in states:
        a_subscriber(session, email=f"{state}@example.org", state=state)
    bounced = a_subscriber(session, email="bounced@example.org")
    ending.bounced(session, bounced.id, NOW)
    complained = a_subscriber(session, email="complained@example.org")
    ending.complained(session, complained.id, NOW)
    erased = a_subscriber(session, email="erased@example.org")
    own_data.erase(session, erased.id, NOW)
    a_sign_up(session, email="waiting@example.org")
    session.commit()
    others = ["bounced", "complained", "erased", "waiting", "new"]
    return [f"{name}@example.org" for name in [*[state.value for state in states], *others]]


class _statements:  # noqa: N801 (it is used as a function is)
    """The SQL sent while inside."""

    def __enter__(self) -> list[str]:
        self.seen: list[str] = []
        event.listen(engine(), "before_cursor_execute", self._note)
        return self.seen

    def __exit__(self, *_: object) -> None:
        event.remove(engine(), "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement, *_: object) -> None:
        self.seen.append(statement)
