"""What is done beside the database is done with its commit, once, and not without it; and whose fault an error is."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError, TimeoutError

from funnel import db


class Diary:
    """Notes what was done, and whether the transaction was committed by then."""

    def __init__(self) -> None:
        self.done: list[tuple[str, list[int]]] = []

    def first(self, items: list[int]) -> None:
        self.done.append(("first", items))

    def then(self, items: list[int]) -> None:
        self.done.append(("then", items))


@pytest.fixture
def diary(clean: None) -> Diary:
    return Diary()


def test_each_work_is_done_once_with_all_its_items(diary):
    with db.Session.begin() as session:
        db.after_commit(session, diary.then, 1)
        db.before_commit(session, diary.first, 2)
        db.before_commit(session, diary.first, 3)
        assert diary.done == []
    assert diary.done == [("first", [2, 3]), ("then", [1])]
    session.commit()
    assert len(diary.done) == 2


def test_nothing_is_done_when_the_transaction_is_given_up(diary):
    def fails() -> None:
        with db.Session.begin() as session:
            db.before_commit(session, diary.first, 1)
            db.after_commit(session, diary.then, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with db.Session() as session:
        db.before_commit(session, diary.first, 1)
        session.execute(text("SELECT 1"))
        session.close()
        session.commit()
        session.execute(text("SELECT 1"))
        db.after_commit(session, diary.then, 1)
        session.rollback()
        session.commit()
    assert diary.done == []


def test_a_commit_that_fails_is_none(diary):
    session = db.Session()
    session.execute(text("CREATE TEMP TABLE pair (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"))
    session.execute(text("INSERT INTO pair VALUES (1), (1)"))
    db.before_commit(session, diary.first, 1)
    db.after_commit(session, diary.then, 1)
    with pytest.raises(IntegrityError):
        session.commit()
    session.close()
    assert diary.done == [("first", [1])]


def test_a_savepoint_is_no_commit(diary):
    with db.Session.begin() as session:
        with session.begin_nested():
            db.before_commit(session, diary.first, 1)
            db.after_commit(session, diary.then, 1)
        assert diary.done == []
    assert diary.done == [("first", [1]), ("then", [1])]


RAISED = "DO $$ BEGIN RAISE EXCEPTION USING errcode = '{}'; END $$"
CUT_OFF = "SELECT pg_terminate_backend(pg_backend_pid())"
FULL, STOPPED, LOST, DEADLOCK = (RAISED.format(state) for state in ("53200", "57014", "08006", "40P01"))


def failing(statement, **values):
    with db.Session() as session, pytest.raises(SQLAlchemyError) as failed:
        session.execute(text(statement), values)
    return failed.value


def test_an_error_of_the_database_itself_is_told_from_one_of_what_it_was_asked(clean):
    assert [db.is_away(failing(asked)) for asked in (CUT_OFF, FULL, STOPPED, LOST)] == [True] * 4
    asked = [failing(DEADLOCK), failing("SELECT 1 / 0"), failing("SELECT :name", name="a\0"), ValueError()]
    assert [db.is_away(error) for error in asked] == [False] * 4
    with pytest.raises(SQLAlchemyError) as refused:
        create_engine("postgresql+psycopg://127.0.0.1:1/none").connect()
    assert db.is_away(refused.value)
    assert db.is_away(TimeoutError("no connection of the pool is free"))
