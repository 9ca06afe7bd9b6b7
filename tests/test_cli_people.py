"""People brought in and taken away on the command line."""

import pytest

from tests.factories import a_subscriber
from tests.import_cast import people

FILE = "Mail,Called\nada@example.org,Ada\nin@example.org,In\nnobody,X\n"


@pytest.fixture
def run(app):
    def ran(*words, **more):
        result = app.test_cli_runner().invoke(args=["people", *words], **more)
        return result.exit_code, result.output

    return ran


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    return str(path)


AGREED = ("--how", "on paper", "--agreed-on", "2026-01-02")


def test_a_dry_run_says_what_would_happen_and_does_nothing(run, file, session):
    a_subscriber(session, email="in@example.org")
    session.commit()
    code, said = run("import", file, *AGREED, "--dry-run")
    assert code == 0
    assert "1  new" in said
    assert "line 4: A mail address has one @ sign" in said
    assert list(people()) == ["in@example.org"]


def test_they_come_in_as_mapped_once_that_was_confirmed(run, file, session):
    assert run("import", file, *AGREED, "--map", "Called=first name", input="y\n")[1].endswith("2 came in.\n")
    assert people()["ada@example.org"].first_name == "Ada"
    code, said = run("export", "--state", "active")
    assert code == 0
    assert said.splitlines()[1].startswith("ada@example.org,Ada,active,import,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--how", "on paper"), "Please name the day"),
        ((*AGREED, "--map", "Other=first name"), "There is no column “Other”"),
        ((*AGREED, "--map", "1=shoes"), "A column cannot hold “shoes”"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(run, file, session, words, said):
    code, found = run("import", file, *words, "--yes")
    assert code == 1
    assert said in found
    assert people() == {}


def test_an_empty_file_is_refused(run, session, tmp_path):
    (tmp_path / "none.csv").write_text("")
    assert "This file is empty." in run("import", str(tmp_path / "none.csv"), *AGREED)[1]


def test_the_language_of_the_file_is_kept_and_of_the_others_the_one_that_was_said(run, tmp_path, session):
    path = tmp_path / "people.csv"
    path.write_text("Mail,Langue\nada@example.org,Italien\nben@example.org,Elbisch\n")
    said = run("import", str(path), *AGREED, "--language", "de", "--yes")[1]
    assert "line 3: no mails are written in “Elbisch”; they come in all the same" in said
    assert {email: person.language for email, person in people().items()} == {
        "ada@example.org": "it",
        "ben@example.org": "de",
    }
