"""Who may sign in."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from funnel.models.house import AuditEntry, Owner
from funnel.web.owner import accounts
from tests.conftest import NOW

EMAIL = "alessandro@example.org"
PASSWORD = "quiet river under oaks"


def test_an_owner_signs_in_with_the_address_and_password_they_were_made_with(session):
    made = accounts.create(session, "Alessandro@Example.org", PASSWORD, NOW)

    assert accounts.sign_in(session, " ALESSANDRO@example.org ", PASSWORD, NOW) is made
    assert (made.email, made.signed_in_at) == (EMAIL, NOW)
    assert made.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize("password", ["", "quiet river under oak", "x" * 100_000])
def test_a_wrong_password_signs_nobody_in(session, password):
    accounts.create(session, EMAIL, PASSWORD, NOW)

    assert accounts.sign_in(session, EMAIL, password, NOW) is None


def test_an_unknown_address_is_hashed_for_all_the_same(session, monkeypatch):
    checked = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda self, *given: checked.append(given) or verify(self, *given))

    assert accounts.sign_in(session, "nobody@example.org", PASSWORD, NOW) is None
    assert len(checked) == 1


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        (EMAIL, "x" * (accounts.SHORTEST_PASSWORD - 1), "shorter than 12"),
        (EMAIL, "x" * (accounts.LONGEST_PASSWORD + 1), "longer than 200"),
        (EMAIL, "Alessandro@example.org", "is the address"),
        ("not an address", PASSWORD, "not a mail address"),
        ("", PASSWORD, "not a mail address"),
        ("a\r\nb@example.org", PASSWORD, "not a mail address"),
    ],
)
def test_a_poor_password_or_address_is_refused_with_the_reason(session, email, password, words):
    with pytest.raises(accounts.AccountError, match=words):
        accounts.create(session, email, password, NOW)

    assert not session.scalar(select(Owner.id))


def test_passwords_at_the_borders_are_taken(session):
    accounts.create(session, "one@example.org", "x" * accounts.SHORTEST_PASSWORD, NOW)
    accounts.create(session, "two@example.org", "x" * accounts.LONGEST_PASSWORD, NOW)

    assert accounts.sign_in(session, "two@example.org", "x" * accounts.LONGEST_PASSWORD, NOW)


def test_an_address_is_one_owner_only(session):
    accounts.create(session, EMAIL, PASSWORD, NOW)

    with pytest.raises(accounts.AccountError, match="already"):
        accounts.create(session, EMAIL.upper(), PASSWORD, NOW)


def test_a_new_password_replaces_the_old_one_and_the_session_key(session):
    owner = accounts.create(session, EMAIL, PASSWORD, NOW)
    key = owner.session_key

    accounts.change_password(session, owner, "seven green lanterns", NOW)

    assert owner.session_key != key
    assert accounts.sign_in(session, EMAIL, PASSWORD, NOW) is None
    assert accounts.sign_in(session, EMAIL, "seven green lanterns", NOW) is owner
    assert session.scalars(select(AuditEntry.action)).all() == ["owner made", "password set"]


def test_a_poor_new_password_changes_nothing(session):
    owner = accounts.create(session, EMAIL, PASSWORD, NOW)

    with pytest.raises(accounts.AccountError):
        accounts.change_password(session, owner, "short", NOW)

    assert accounts.sign_in(session, EMAIL, PASSWORD, NOW) is owner


def test_a_hash_of_older_parameters_is_made_anew_at_sign_in(session):
    owner = accounts.create(session, EMAIL, PASSWORD, NOW)
    owner.password_hash = weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

    assert accounts.sign_in(session, EMAIL, PASSWORD, NOW) is owner
    assert owner.password_hash != weak
    assert accounts.sign_in(session, EMAIL, PASSWORD, NOW) is owner


def test_a_broken_hash_signs_nobody_in(session):
    accounts.create(session, EMAIL, PASSWORD, NOW).password_hash = "broken"

    assert accounts.sign_in(session, EMAIL, PASSWORD, NOW) is None


def test_a_fresh_password_keeps_the_rules(session):
    password = accounts.fresh_password()

    assert accounts.create(session, EMAIL, password, NOW)
    assert password != accounts.fresh_password()
