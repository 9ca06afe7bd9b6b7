"""Columns are understood by their headings, in five languages and of other programs, and by what stands in them."""

import pytest

from funnel.audience.headings import Column, guessed, has_headings, program

ROW = ["ada@example.org", "Ada"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("Email", "First name"), ("Indirizzo e-mail", "Nome"), ("E-Mail-Adresse", "Vorname"),
        ("Adresse électronique", "Prénom"), ("Correo electrónico", "Nombre"),
    ],
)  # fmt: skip
def test_five_languages_are_understood(address, name):
    assert guessed([[address, name], ROW]) == [Column.ADDRESS, Column.FIRST_NAME]


@pytest.mark.parametrize(
    ("name", "heads", "means"),
    [
        ("Mailchimp", "Email Address,First Name,OPTIN_TIME,CONFIRM_TIME,LEID,EUID", "address,first name,agreed,,,"),
        ("Kit", "first_name,email,created_at", "first name,address,agreed"),
        ("listmonk", "uuid,email,name,attributes,status,created_at", ",address,full name,,standing,agreed"),
        ("Buttondown", "email,metadata,tags,referrer_url,creation_date", "address,,tags,,agreed"),
        ("Substack", "Email,active_subscription,email_disabled,created_at", "address,,disabled,agreed"),
    ],
)
def test_exports_of_other_programs_are_recognised(name, heads, means):
    headings = heads.split(",")
    row = ["ada@example.org" if mean == "address" else "" for mean in means.split(",")]
    assert program(headings) == name
    assert [column or "" for column in guessed([headings, row])] == means.split(",")


def test_without_headings_the_address_is_found_by_its_sign():
    assert not has_headings([["Ada", "ada@example.org"]])
    assert guessed([["Ada", "ada@example.org"]]) == [None, Column.ADDRESS]


def test_a_heading_that_lies_is_not_believed():
    assert guessed([["Email", "Other"], ["yes", "ada@example.org"]]) == [None, Column.ADDRESS]


@pytest.mark.parametrize(
    ("date", "kind"),
    [("2024-05-06", Column.AGREED), ("31.12.2024", Column.AGREED_DAY_FIRST), ("12/31/2024", Column.AGREED_MONTH_FIRST)],
)
def test_the_kind_of_a_date_is_told_by_what_stands_there(date, kind):
    assert guessed([["Email", "Joined"], ["ada@example.org", date]])[1] is kind
