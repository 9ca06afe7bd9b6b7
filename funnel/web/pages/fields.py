"""The fields readers fill in, and what is said when one cannot be taken."""

import re
from collections.abc import Callable, Mapping

from flask_babel import format_number, lazy_gettext
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, HiddenField, StringField, TelField, TextAreaField
from wtforms.validators import StopValidation

from funnel.audience import address, disposable, preferences, signup
from funnel.audience.signup import Typed
from funnel.config import settings
from funnel.languages import Said
from funnel.web import spoken

LONGEST_PHONE = 40
LONGEST_SUITS = 500
LONGEST_NOTE = 1000
UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LINE_BREAK = re.compile(r"[\r\n\v\f\x85\u2028\u2029]")

Check = Callable[[FlaskForm, Field], None]


def _address(_form: FlaskForm, field: Field) -> None:
    if problem := signup.email_problem(field.data):
        raise StopValidation(spoken.said(problem))


def _lasting(_form: FlaskForm, field: Field) -> None:
    if settings().door.refuse_disposable and disposable.is_disposable(field.data):
        raise StopValidation(
            _("This address is thrown away within the hour. Please give one that you still read then.")
        )


def _first_name(_form: FlaskForm, field: Field) -> None:
    if problem := preferences.name_problem(field.data):
        raise StopValidation(spoken.said(problem))


def _given(words: str) -> Check:
    def check(_form: FlaskForm, field: Field) -> None:
        if not field.data:
            raise StopValidation(spoken.said(words))

    return check


def _at_most(signs: int) -> Check:
    def check(_form: FlaskForm, field: Field) -> None:
        text = field.data
        if len(text) > signs:
            raise StopValidation(
                _(
                    "Please shorten this: it has %(typed)s signs, and %(most)s fit.",
                    typed=format_number(len(text)),
                    most=format_number(signs),
                )
            )
        if UNSHOWABLE.search(text):
            raise StopValidation(_("There is a sign in it that cannot be shown. Please type it afresh."))

    return check


def _one_line(_form: FlaskForm, field: Field) -> None:
    if LINE_BREAK.search(field.data):
        raise StopValidation(_("Please type this on one line."))


def _trimmed(text: str | None) -> str:
    return (text or "").strip()


BARE = (_trimmed, address.bare)


class Stateless(FlaskForm):  # type: ignore[misc]  # it comes without types
    """A form that needs no cookie: the dated token of `trap` takes the place of the session's.

    Give it `request.form`: by itself it would read files and JSON too, whose values are not text.
    """

    class Meta:
        csrf = False


class SignUpForm(Stateless):
    email = EmailField(lazy_gettext("Email address"), [_address, _lasting], filters=BARE)
    first_name = StringField(lazy_gettext("First name"), [_first_name], filters=[_trimmed])
    timezone = HiddenField(filters=[_trimmed])


def typed(fields: SignUpForm) -> Typed:
    """What stands in a form that was found valid."""
    return Typed(fields.email.data, fields.first_name.data, fields.timezone.data)


def usual(post: Mapping[str, str]) -> Typed | None:
    """What `typed` says of a post, for a tenth of the time; None when `SignUpForm` has to look at it.

    None says nothing of what is wrong, if anything is.
    """
    email, first_name = address.bare(_trimmed(post.get("email"))), _trimmed(post.get("first_name"))
    if not address.usual(email) or preferences.name_problem(first_name):
        return None
    if settings().door.refuse_disposable and disposable.is_disposable(email):
        return None
    return Typed(email, first_name, _trimmed(post.get("timezone")))


class AddressForm(Stateless):
    email = EmailField(lazy_gettext("New email address"), [_address, _lasting], filters=BARE)


class BookForm(Stateless):
    name = StringField(
        lazy_gettext("Your name"),
        [_given(Said("Type your name, so that we know how to greet you.")), _first_name],
        filters=[_trimmed],
    )
    email = EmailField(lazy_gettext("Email address"), [_address], filters=BARE)
    phone = TelField(lazy_gettext("Phone"), [_one_line, _at_most(LONGEST_PHONE)], filters=[_trimmed])
    suits = TextAreaField(
        lazy_gettext("What suits you?"),
        [_given(Said("Say which days or times would suit you.")), _at_most(LONGEST_SUITS)],
        filters=[_trimmed],
    )
    note = TextAreaField(lazy_gettext("Anything you would like to ask?"), [_at_most(LONGEST_NOTE)], filters=[_trimmed])


class NameForm(Stateless):
    first_name = StringField(lazy_gettext("First name"), [_first_name], filters=[_trimmed])
