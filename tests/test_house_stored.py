"""Settings kept in the database: laid under the environment, and seen by every process."""

import pytest
from sqlalchemy import delete

from funnel import config, tokens
from funnel.db import Session, utc_now
from funnel.house import stored
from funnel.mail import notices
from funnel.models.content import Sequence
from funnel.models.house import Setting
from tests.conftest import NOW
from tests.factories import add

RELAY = "smtp://user:a%20secret@mail.example.org:587?starttls=required"


@pytest.fixture
def in_force(app):
    """The settings as this process sees them, which has an app."""
    return config.settings


def keep(**values):
    with Session.begin() as session:
        return stored.keep(session, values, utc_now())


def test_what_is_kept_is_in_force_and_what_is_taken_out_is_not(in_force):
    assert keep(PRACTICE_NAME="Hands", TIMEZONE="Europe/Rome") == {"PRACTICE_NAME": None, "TIMEZONE": None}
    assert (in_force().practice_name, str(in_force().zone)) == ("Hands", "Europe/Rome")
    assert keep(PRACTICE_NAME=None) == {"PRACTICE_NAME": "Hands"}
    assert in_force().practice_name.startswith("Alessandro")


def test_the_environment_wins(in_force, setting):
    setting(PRACTICE_NAME="From where it runs")
    keep(PRACTICE_NAME="Hands")

    assert in_force().practice_name == "From where it runs"
    assert config.given("PRACTICE_NAME")
    assert not config.given("BOOKING_URL")


def test_another_processs_change_is_seen_within_seconds_and_costs_nothing_before(in_force, monkeypatch):
    in_force()
    looked = []
    read = stored._read
    monkeypatch.setattr(stored, "_read", lambda: looked.append(1) or read())
    with Session.begin() as session:
        session.add(Setting(name="PRACTICE_NAME", value="Elsewhere", changed_at=NOW))
    same = in_force()
    assert (in_force() is same, looked) == (True, [])

    monkeypatch.setattr(stored.time, "monotonic", lambda: stored._Known.look_at)
    assert in_force().practice_name == "Elsewhere"


def test_what_did_not_change_is_the_same_settings_so_that_stencils_are_kept(in_force):
    keep(PRACTICE_NAME="Hands")
    first = in_force()
    stored.forget()

    assert in_force() is first


def test_with_the_database_away_what_was_known_stays(in_force, monkeypatch):
    from sqlalchemy.exc import OperationalError

    keep(PRACTICE_NAME="Hands")
    in_force()
    stored.forget()

    def away():
        raise OperationalError("SELECT", {}, OSError("away"))

    monkeypatch.setattr(stored, "rows", lambda session: away())
    assert in_force().practice_name == "Hands"


def test_a_change_is_not_in_force_when_its_transaction_was_given_up(in_force):
    with Session() as session:
        stored.keep(session, {"PRACTICE_NAME": "Never"}, utc_now())
        session.rollback()
    assert in_force().practice_name != "Never"


def test_kept_settings_that_a_later_version_refuses_stop_nothing(in_force, caplog):
    keep(TIMEZONE="Middle/Earth")

    assert in_force().timezone == "Europe/London"
    assert "Middle/Earth" in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("TIMEZONE", "Middle/Earth", "not a known time zone"),
        ("MAIL_FROM", "nobody", "not a mail address"),
        ("PRACTICE_COUNTRY", "Italy", "not a country code"),
        ("LIMIT_ADDRESS_DAY", "11", "from 1 to 10"),
        ("WINDOW", "10:00-07:00", "begins and ends"),
        ("WINDOW", "7-10", "begins and ends"),
        ("LETTER_HOUR", "24", "from 0 to 23"),
        ("WEEKLY_LETTER", "maybe", "Use one of: on, off"),
    ],
)
def test_a_wrong_one_is_named_with_its_mend_as_at_start(clean, name, value, why):
    found = stored.problems({}, {name: value})

    assert list(found) == [name]
    assert why in found[name]


def test_a_relay_is_sealed_and_opened_again(in_force, caplog):
    kept = stored.sealed([RELAY, "smtps://other.example.org"])
    assert "secret" not in str(kept)
    keep(SMTP_URL=kept)
    assert [(one.host, one.password) for one in in_force().relays] == [
        ("mail.example.org", "a secret"),
        ("other.example.org", ""),
    ]
    assert not in_force().local_outbox
    keep(SMTP_URL={"sealed": ["by another key"]})
    assert in_force().local_outbox
    assert "sealed by another key" in caplog.text
    assert stored.sealed([]) is None


def test_what_was_not_sealed_here_is_no_secret_of_ours(clean):
    assert tokens.unseal(tokens.seal("ünïque")) == "ünïque"
    assert tokens.seal("one") != tokens.seal("one")
    with pytest.raises(tokens.BadToken):
        tokens.unseal(b"made up")


def test_own_words_replace_the_original_and_their_end_restores_them(in_force):
    words = {"subject": "Was it you?", "preheader": "One press, and you are in.", "body": "[Yes]({{ confirm_link }})"}
    keep(**{"words:confirmation": words})
    assert notices.words("confirmation").subject == "Was it you?"
    assert notices.words("reminder") == notices.original("reminder")
    keep(**{"words:confirmation": None})
    assert notices.words("confirmation") == notices.original("confirmation")


def test_a_course_made_from_now_on_has_the_chosen_hours(in_force, session):
    keep(WINDOW="08:30 – 11:00", WEEKENDS="on")
    course = add(session, Sequence(slug="one", title="One", created_at=NOW))

    assert (course.window_start, course.window_end, course.weekends) == (510, 660, True)


def test_a_database_older_than_the_settings_has_none(in_force):
    from sqlalchemy import text

    from funnel.db import engine

    with engine().begin() as connection:
        connection.execute(text("ALTER TABLE setting RENAME TO setting_away"))
    try:
        stored.forget()
        assert in_force().practitioner_name == "Alessandro"
    finally:
        with engine().begin() as connection:
            connection.execute(text("ALTER TABLE setting_away RENAME TO setting"))
            connection.execute(delete(Setting))
