"""Who may sign in, from the command line."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.house import AuditEntry, Owner, Role
from funnel.web.owner import totp

EVA = "eva@example.org"

pytestmark = pytest.mark.usefixtures("quick_hashing")


@pytest.fixture
def run(app):
    """run("owner", "list") gives the exit code and what was said."""
    runner = app.test_cli_runner()

    def command(*words: str) -> tuple[int, str]:
        result = runner.invoke(args=["owner", *words])
        return result.exit_code, result.output

    return command


@pytest.fixture
def eva(run, session):
    run("create", "--email", "alessandro@example.org")
    run("create", "--email", EVA, "--role", "editor")
    return lambda: session.scalars(
        select(Owner).where(Owner.email == EVA).execution_options(populate_existing=True)
    ).one()


def test_each_is_listed_with_role_and_steps(run, eva):
    said = run("list")[1]

    assert [line.split() for line in said.splitlines()] == [
        ["alessandro@example.org", "owner", "one", "step"],
        [EVA, "editor", "one", "step"],
    ]


def test_a_role_is_changed_and_the_last_owner_stays_one(run, eva):
    assert run("role", "--email", EVA, "viewer") == (0, f"{EVA} is a viewer now.\n")
    assert eva().role == Role.VIEWER
    code, said = run("role", "--email", "alessandro@example.org", "editor")
    assert (code, "Make somebody else an owner first" in said) == (1, True)
    assert "no such owner" in run("role", "--email", "nobody@example.org", "editor")[1]


def test_somebody_is_removed_and_the_last_owner_is_not(run, eva):
    assert run("remove", "--email", EVA)[0] == 0
    assert eva().removed_at
    assert EVA not in run("list")[1]
    assert run("remove", "--email", EVA)[0] == 1
    assert "last owner" in run("remove", "--email", "alessandro@example.org")[1]


def test_a_lost_second_step_is_turned_off(run, eva, session):
    totp.begin(session, eva(), utc_now())
    eva().totp_since = utc_now()
    session.commit()
    assert "two steps" in run("list")[1]
    assert run("two-step-off", "--email", EVA)[0] == 0

    assert eva().totp_since is None
    assert "turned somebody’s two-step sign-in off" in session.scalars(select(AuditEntry.action)).all()
