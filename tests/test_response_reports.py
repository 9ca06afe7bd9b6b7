import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.response import reports
from funnel.response.reports import Recipient
from tests import returned
from tests.returned import ADA, OURS, SENDER, mail


def recipients(raw):
    return [(sorted(found.addresses), found.failed, found.status) for found in reports.read(raw).recipients]


def test_a_report_in_the_standard_form_tells_whom_why_and_of_what():
    words = "550 5.1.1 <ada@example.com> User unknown"
    found = reports.read(returned.report(words=words, first=f"Delivered-To: {SENDER}\n"))
    assert found.kind == reports.BOUNCE
    assert found.recipients == (Recipient(frozenset({ADA}), True, "5.1.1", f"smtp; {words}"),)
    assert found.sent_to == (SENDER, SENDER)
    assert OURS in found.message_ids


@pytest.mark.parametrize(
    ("status", "words", "read"),
    [
        ("5.1.1", "", "5.1.1"),
        ("5.1.10 (no such one)", "550 5.7.1 no", "5.1.10"),
        ("5.0.0", "550 5.1.1 no such user", "5.1.1"),
        ("5.0.0", "550 no such user at 10.5.1.1", "5.0.0"),
        ("rubbish", "550 #5.2.2 full", "5.2.2"),
        ("", "550 no", ""),
    ],
)
def test_the_code_that_says_most_is_taken(status, words, read):
    assert recipients(returned.report(status, words=words)) == [([ADA], True, read)]


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", reports.BOUNCE),
        ("Failed (it did)", "4.4.7", reports.BOUNCE),
        ("error", "5.0.0", reports.BOUNCE),
        ("delayed", "4.4.1", reports.DELAY),
        ("delivered", "2.0.0", reports.NOTHING),
        ("relayed", "2.0.0", reports.NOTHING),
        ("expanded", "2.0.0", reports.NOTHING),
        ("", "5.1.1", reports.BOUNCE),
        ("", "4.2.0", reports.DELAY),
    ],
)
def test_the_action_tells_a_bounce_from_a_delay_and_a_receipt(action, status, kind):
    assert reports.read(returned.report(status, action=action)).kind == kind


def test_a_report_of_several_addresses_keeps_them_apart():
    blocks = (
        "Final-Recipient: rfc822; one@example.com\nAction: delayed\nStatus: 4.4.1\n\n"
        "Final-Recipient: x400; /C=GB\nX-Actual-Recipient: rfc822; <Two@example.com>\nAction: failed\nStatus: 5.1.1\n"
    )
    found = returned.report(blocks=blocks)
    assert recipients(found) == [(["one@example.com"], False, "4.4.1"), (["two@example.com"], True, "5.1.1")]
    assert reports.read(found).kind == reports.BOUNCE


def test_a_report_in_the_international_form_is_read():
    raw = returned.report().replace(b"message/delivery-status", b"message/global-delivery-status")
    raw = raw.replace(b"text/rfc822-headers", b"message/global-headers")
    assert recipients(raw) == [([ADA], True, "5.1.1")]
    assert OURS in reports.read(raw).message_ids


def test_a_report_that_somebody_forwards_is_no_report():
    inner = returned.report().decode()
    raw = mail(
        f"From: {ADA}\nTo: {SENDER}\nContent-Type: multipart/mixed; boundary=XX",
        f"--XX\nContent-Type: text/plain\n\nLook!\n--XX\nContent-Type: message/rfc822\n\n{inner}\n--XX--\n",
    )
    assert reports.read(raw).kind == reports.NOTHING


@pytest.mark.parametrize("raw", [returned.QMAIL, returned.EXIM])
def test_a_bounce_in_no_standard_form_is_still_one(raw):
    found = reports.read(raw)
    assert (found.kind, [recipient.addresses for recipient in found.recipients]) == (reports.BOUNCE, [{ADA}])
    assert OURS in found.message_ids


def test_the_one_code_in_its_words_is_taken():
    assert recipients(returned.QMAIL) == [([ADA], True, "5.1.1")]
    assert recipients(returned.EXIM) == [([ADA], True, "")]
    assert recipients(returned.QMAIL.replace(b"Sorry, no", b"4.2.2 Sorry, no")) == [([ADA], True, "")]


def test_a_complaint_tells_of_whom_and_by_whom():
    fields = f"Original-Mail-From: <{SENDER}>\nOriginal-Rcpt-To: <{ADA}>\n"
    found = reports.read(returned.complaint(fields=fields))
    assert found.kind == reports.COMPLAINT
    assert (found.recipients[0].addresses, found.message_ids) == ({ADA}, (OURS,))
    assert SENDER in found.sent_to


def test_an_address_taken_out_of_a_complaint_is_none():
    found = reports.read(returned.complaint(fields="Original-Rcpt-To: redacted-addr@provider.example.com\n"))
    assert (found.kind, found.recipients[0].addresses) == (reports.COMPLAINT, frozenset())


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus", "other", ""])
def test_other_feedback_is_no_complaint(kind):
    assert reports.read(returned.complaint(kind)).kind == reports.NOTHING


def test_an_out_of_office_note_with_a_bounces_words_is_still_none():
    assert reports.read(returned.OUT_OF_OFFICE).kind == reports.AUTO_REPLY


def test_a_persons_reply_is_nothing_of_the_kind():
    assert reports.read(returned.REPLY).kind == reports.NOTHING


@given(st.binary(max_size=400))
def test_nothing_is_too_broken_to_be_read(raw):
    assert reports.read(raw).kind == reports.NOTHING
    for whole in (returned.report(), returned.complaint(), returned.QMAIL):
        reports.read(whole.replace(b"Final-Recipient", raw))
        reports.read(whole.replace(b"\n\n", b"\n\n" + raw, 2))


@pytest.mark.parametrize("cut", range(0, 1400, 25))
def test_a_report_cut_short_is_read_as_far_as_it_goes(cut):
    for whole in (returned.report(), returned.complaint()):
        reports.read(whole[:cut])


def test_a_mail_without_end_is_not_read_to_it():
    assert reports.read(returned.report() + b"x" * 3 * reports.LARGEST_BYTES).kind == reports.BOUNCE
