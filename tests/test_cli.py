"""Every command: what it promises, and its clear refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Step
from funnel.models.house import Owner
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import content_files
from funnel.web.owner import accounts
from tests import returned
from tests.factories import a_message, a_sequence, a_subscriber

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(app):
    """run("owner", "create") gives its exit code and what it said."""

    def ran(*words, **more):
        result = app.test_cli_runner().invoke(args=words, **more)
        return result.exit_code, result.output

    return ran


def test_help_names_every_command_with_a_sentence(run):
    code, said = run("--help")
    assert code == 0
    every = (
        "migrate",
        "check",
        "owner",
        "content",
        "messages",
        "sending",
        "people",
        "subscriber",
        "bounces",
        "backup",
        "keys",
    )
    for command in every:
        line = next(line for line in said.splitlines() if line.split()[:1] == [command])
        assert len(line.split()) > 2


def test_migrate_may_be_run_again(run):
    assert run("migrate") == (0, "The database is ready.\n")


def test_check_shows_the_settings_and_no_secret(run, setting):
    setting(OWNER_PASSWORD="not to be shown to anybody")
    code, said = run("check")
    assert code == 0
    assert "Every setting is good." in said
    assert "not to be shown" not in said
    assert "a-secret-for-tests" not in said
    assert "PRACTICE_COUNTRY" in said


def test_check_refuses_a_wrong_setting_with_its_mend():
    environment = {"PATH": "/usr/bin:/bin", "TIMEZONE": "Middle/Earth", "PORT": "none"}
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "check"],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "TIMEZONE: “Middle/Earth” is not a known time zone. Use a name such as Europe/London" in result.stderr
    assert "PORT:" in result.stderr
    assert "Traceback" not in result.stderr


NO_DATABASE = ({}, 1, "DATABASE_URL: there is no database")
CLOSED = ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, os.EX_TEMPFAIL, "The database cannot be used")


@pytest.mark.parametrize(
    ("words", "trouble"),
    [(("messages", "list"), NO_DATABASE), (("keys", "rewrap"), CLOSED), (("migrate",), CLOSED)],
)
def test_a_missing_database_is_said_in_a_line(tmp_path, words, trouble):
    environment, code, said = trouble
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), **environment},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, said in result.stderr) == (code, True)
    assert "Traceback" not in result.stderr


def test_the_first_owner_is_made_once_and_the_password_said_once(run, session, setting):
    setting(OWNER_EMAIL="alessandro@example.org")
    code, said = run("owner", "create", "--if-none")
    assert code == 0
    password = said.strip().split()[-1]
    assert accounts.sign_in(session, "alessandro@example.org", password, utc_now())
    assert run("owner", "create", "--if-none") == (0, "")


def test_a_given_password_is_not_repeated(run, setting):
    setting(OWNER_PASSWORD="four random words here")
    assert "four random" not in run("owner", "create", "--email", "a@example.org")[1]


def test_a_second_owner_of_one_address_is_refused(run):
    run("owner", "create", "--email", "a@example.org")
    code, said = run("owner", "create", "--email", "A@example.org")
    assert code == 1
    assert "is an owner already" in said


def test_a_new_password_ends_the_sessions(run, session):
    run("owner", "create", "--email", "a@example.org")
    before = session.scalars(select(Owner.session_key)).one()
    session.rollback()
    code, _ = run("owner", "password", input="another long password\nanother long password\n")
    assert code == 0
    assert session.scalars(select(Owner.session_key)).one() != before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--password", "another long password"), "There are 0 owners"),
        (("--email", "b@example.org", "--password", "another long password"), "no such owner"),
    ],
)
def test_a_password_for_nobody_is_refused(run, words, said):
    code, output = run("owner", "password", *words)
    assert code == 1
    assert said in output


def test_a_short_password_is_refused_with_the_rule(run):
    run("owner", "create", "--email", "a@example.org")
    code, said = run("owner", "password", "--password", "short")
    assert code == 1
    assert "12" in said


def test_content_is_loaded_and_may_be_loaded_again(run, session):
    code, said = run("content", "load")
    assert code == 0, said
    assert "8" in said
    assert len(session.scalars(select(Step)).all()) == 8
    assert "0 new" in run("content", "load")[1]


def test_broken_content_is_named_with_its_line_and_changes_nothing(run, session, tmp_path):
    for path in content_files.FOLDER.rglob("*.md"):
        copy = tmp_path / path.relative_to(content_files.FOLDER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text().replace("day: 4\n", "day: four\n"))
    code, said = run("content", "load", "--folder", str(tmp_path))
    assert code == 1
    assert "03-stretches.md:" in said
    assert not session.scalars(select(Step)).all()


def test_messages_are_listed_with_their_reason(run, session):
    step = a_sequence(session).steps[0]
    person = a_subscriber(session)
    a_message(session, person, step_id=step.id, state="skipped", reason="they left", ended_at=utc_now())
    a_message(session, person, step_id=step.id)
    session.commit()
    code, said = run("messages", "list", "--state", "skipped")
    assert code == 0
    assert f"{step.subject}  (they left)" in said
    assert "1 in all; page 1 of 1" in said
    assert "2 in all" in run("messages", "list")[1]


def test_a_subscriber_is_shown_by_address(run, session):
    a_subscriber(session, email="ada@example.org", source="quadratus-lumborum")
    session.commit()
    code, said = run("subscriber", "show", "Ada@Example.org")
    assert code == 0
    assert "active" in said
    assert "quadratus-lumborum" in said


def test_each_thing_that_happened_is_shown_with_its_detail(run, session):
    person = a_subscriber(session, email="ada@example.org")
    a_message(session, person, state="failed", reason="refused", reply="550 5.1.1\n Unknown", ended_at=utc_now())
    session.commit()
    lines = run("subscriber", "show", "ada@example.org")[1].splitlines()
    assert lines[1].endswith("Failed: step (refused)")
    assert lines[2].strip() == "550 5.1.1 Unknown"


def test_a_page_of_messages_that_is_not_there_is_said(run, session):
    a_message(session)
    session.commit()
    code, said = run("messages", "list", "--page", "2")
    assert code == 1
    assert "There is no page 2: the last is page 1." in said


def test_an_unknown_address_is_said(run):
    assert run("subscriber", "show", "nobody@example.org")[0] == 1


def test_a_bounce_is_read_from_standard_input(run, session, setting):
    setting(BOUNCE_ADDRESS="bounces@example.org")
    from funnel.mail import verp

    person = a_subscriber(session, email="ada@example.org")
    message = a_message(session, person, state="sent", sent_at=utc_now(), ended_at=utc_now())
    session.commit()
    raw = returned.report(to=verp.sender(message.id), about="ada@example.org")
    code, said = run("bounces", "read", input=raw)
    assert code == 0, said
    assert json.loads(said)["kind"] == "bounce"
    session.expire_all()
    assert session.get_one(Subscriber, person.id).state is SubscriberState.BOUNCED


def test_an_empty_bounce_is_refused(run):
    code, said = run("bounces", "read", input=b"")
    assert code == 1
    assert "pipe one mail in" in said


def test_a_backup_is_written_and_brought_back(run, session, tmp_path):
    a_subscriber(session, email="ada@example.org")
    session.commit()
    code, said = run("backup", "create", str(tmp_path / "one.tar.gz"))
    assert code == 0, said
    code, said = run("backup", "restore", str(tmp_path / "one.tar.gz"))
    assert code == 1  # the database holds data
    code, said = run("backup", "restore", "--replace", str(tmp_path / "one.tar.gz"))
    assert code == 0, said
    assert run("subscriber", "show", "ada@example.org")[0] == 0


def test_a_file_that_is_no_backup_is_refused(run, tmp_path):
    (tmp_path / "rubbish").write_bytes(b"rubbish")
    code, said = run("backup", "restore", "--replace", str(tmp_path / "rubbish"))
    assert code == 1
    assert "Traceback" not in said


def test_keys_are_rewrapped(run):
    assert run("keys", "rewrap")[0] == 0
