"""Mails that come back, written as real servers write them."""

from textwrap import dedent

NUMBER = 1234
OURS = f"<{NUMBER}.c0ffee@example.org>"  # the Message-ID of the mail that came back
ADA = "ada@example.com"
SENDER = "bounces@example.org"


def mail(headers: str, body: str = "") -> bytes:
    return (dedent(headers).strip() + "\n\n" + dedent(body).lstrip("\n")).encode()


def report(
    status: str = "5.1.1",
    *,
    action: str = "failed",
    to: str = SENDER,
    about: str = ADA,
    words: str = "",
    message_id: str = OURS,
    blocks: str = "",
    first: str = "",
) -> bytes:
    """A delivery report as Postfix sends it (RFC 3464)."""
    fields = f"Final-Recipient: rfc822; {about}\nOriginal-Recipient: rfc822;{about}\nAction: {action}\nStatus: {status}"
    if words:
        fields += f"\nDiagnostic-Code: smtp; {words}"
    return f"""\
Return-Path: <>
{first}From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BB"
Message-ID: <report@mx.example.com>

--BB
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.com. I'm sorry to have to inform you that your message could not be
delivered to one or more recipients.

--BB
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Sender: rfc822; bounces@example.org

{blocks or fields}

--BB
Content-Description: Undelivered Message
Content-Type: text/rfc822-headers

From: Alessandro <alessandro@example.org>
To: {about}
Subject: Welcome
Message-ID: {message_id}

--BB--
""".encode()


def complaint(
    kind: str = "abuse",
    *,
    fields: str = f"Original-Rcpt-To: <{ADA}>\n",
    to: str = "fbl@example.org",
    message_id: str = OURS,
) -> bytes:
    """A feedback report as mailbox providers send it (RFC 5965)."""
    return f"""\
From: <feedback@provider.example.com>
To: <{to}>
Subject: FW: Welcome
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="BB"

--BB
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received from IP 192.0.2.1.

--BB
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{fields}
--BB
Content-Type: message/rfc822

From: Alessandro <alessandro@example.org>
To: <undisclosed>
Subject: Welcome
Message-ID: {message_id}

Hello.

--BB--
""".encode()


QMAIL = mail(
    f"""
    Return-Path: <>
    From: MAILER-DAEMON@mx.example.com
    To: {SENDER}
    Subject: failure notice
    """,
    f"""
    Hi. This is the qmail-send program at mx.example.com.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <{ADA}>:
    Sorry, no mailbox here by that name. (#5.1.1)

    --- Below this line is a copy of the message.

    Return-Path: <{SENDER}>
    Message-ID: {OURS}
    From: alessandro@example.org
    To: {ADA}
    Subject: Welcome

    Hello.
    """,
)

EXIM = mail(
    f"""
    Return-path: <>
    From: Mail Delivery System <Mailer-Daemon@mx.example.com>
    To: {SENDER}
    Auto-Submitted: auto-replied
    X-Failed-Recipients: {ADA}
    Subject: Mail delivery failed: returning message to sender
    """,
    f"""
    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of its
    recipients. This is a permanent error. The following address(es) failed:

      {ADA}
        Unrouteable address

    ------ This is a copy of the message, including all the headers. ------

    Message-ID: {OURS}
    From: alessandro@example.org

    Hello.
    """,
)

OUT_OF_OFFICE = mail(
    f"""
    Return-Path: <>
    From: Ada <{ADA}>
    To: {SENDER}
    Subject: Automatic reply: Welcome
    Auto-Submitted: auto-replied
    X-Auto-Response-Suppress: All
    In-Reply-To: {OURS}
    """,
    """
    I am away until Monday. Your message could not be delivered to anybody else. 5.1.1
    """,
)

REPLY = mail(
    f"""
    From: Ada <{ADA}>
    To: {SENDER}
    Subject: Re: Welcome
    In-Reply-To: {OURS}
    """,
    """
    Thank you! Help with lifting my grandson would be good.
    """,
)
