"""How a command says what went wrong: in a line that names the mend, without a traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
from sqlalchemy.exc import OperationalError

from funnel.config import SettingsError


def refuse(why: object) -> NoReturn:
    raise click.ClickException(str(why))


class DatabaseAwayError(click.ClickException):
    exit_code = os.EX_TEMPFAIL  # a mail server that pipes a bounce in keeps it, and tries again later


class Command(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        with _said_plainly():
            return super().invoke(ctx)


class Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        with _said_plainly():
            return super().invoke(ctx)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What the operator can mend is said in a line, without a traceback."""
    try:
        yield
    except SettingsError as error:
        refuse(error)
    except OperationalError as error:
        raise DatabaseAwayError(f"The database cannot be used: {error.orig}") from None
