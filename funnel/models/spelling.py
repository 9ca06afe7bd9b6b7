"""The words of a person's address and name, as they are searched: the expression that an index is made of."""

import functools
from typing import Any

from sqlalchemy import ColumnElement, TextClause, func, literal_column

# What stands between the words of an address or name. No quotation marks or backslashes are left in a word.
BETWEEN = "@.+-_!#$%&'*/=?^`{|}~\"(),:;<>[]\\"
USUALLY = "@.+-_"  # nothing else stands between most people's
SELDOM = "[]!#$%&'*/=?^`{|}~\"(),:;<>[\\\\]"  # the others, as PostgreSQL's regular expressions have them


def apart(email: ColumnElement[Any] | TextClause, name: ColumnElement[Any] | TextClause) -> ColumnElement[Any]:
    """An address and a name, small, with spaces for all that stands between their words."""
    # Written out: parameters would be unknown to a plan that PostgreSQL keeps, and the index no help to it.
    both = func.lower(func.coalesce(email, _quoted("")).op("||")(_quoted(" ")).op("||")(name))
    # PostgreSQL's translate compares each sign with all of the list: 6 of the 7 µs that the words of a person took.
    few = func.regexp_replace(both, _quoted(SELDOM), _quoted(" "), _quoted("g"))
    return functools.reduce(lambda text, sign: func.replace(text, _quoted(sign), _quoted(" ")), USUALLY, few)


def spelled(email: ColumnElement[Any] | TextClause, name: ColumnElement[Any] | TextClause) -> ColumnElement[Any]:
    """The words of an address and a name, small, as a tsvector: PostgreSQL finds a word in it by its beginning."""
    return apart(email, name).op("::")(literal_column("tsvector"))


def _quoted(signs: str) -> ColumnElement[str]:
    return literal_column("'" + signs.replace("'", "''") + "'")
