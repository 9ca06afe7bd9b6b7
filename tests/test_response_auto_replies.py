from email.message import Message

import pytest

from funnel.response import auto_replies


def marked(**headers):
    mail = Message()
    mail["From"] = "Ada <ada@example.com>"
    mail["Subject"] = "Re: Welcome"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    return auto_replies.is_one(mail)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": " Auto-Generated; owner=ada"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Subject": "Out of Office: Welcome"},
        {"Subject": "Automatische Antwort: Welcome"},
        {"Subject": "Risposta automatica: Welcome"},
    ],
)
def test_what_a_server_answers_by_itself_is_known(headers):
    assert marked(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Precedence": "bulk"},
        {"From": "MAILER-DAEMON@mx.example.com", "Auto_Submitted": "auto-replied"},
        {"X_Failed_Recipients": "ada@example.com", "Auto_Submitted": "auto-replied"},
        {"From": "postmaster@example.com", "Subject": "Undeliverable: Out of office?"},
    ],
)
def test_a_person_and_a_mail_server_are_not_taken_for_one(headers):
    assert not marked(**headers)
