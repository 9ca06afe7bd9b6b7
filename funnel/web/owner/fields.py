"""The forms of signing in, and of what belongs to an account."""

from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField


class SignIn(FlaskForm):  # type: ignore[misc]
    email = EmailField()
    password = PasswordField()
    next = HiddenField()
