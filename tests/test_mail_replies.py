"""What each answer means: the table of docs/architecture.md, line by line."""

import pytest

from funnel.mail.replies import BAD_ADDRESS, LONGEST_REPLY, Meaning, Reply, Stage, classify, outcome

BEFORE_DOT = [Stage.MAIL, Stage.RCPT, Stage.DATA]
IN_TRANSACTION = [*BEFORE_DOT, Stage.DOT]


@pytest.mark.parametrize("stage", BEFORE_DOT)
@pytest.mark.parametrize("code", [0, -1, 199, 299, 399, 600, 999])
def test_before_the_dot_no_answer_means_not_taken(stage, code):
    assert classify(Reply(stage, code)) == Meaning.LOST


@pytest.mark.parametrize("code", [0, -1, 100, 354, 600])
def test_after_the_dot_no_answer_means_unknown(code):
    assert classify(Reply(Stage.DOT, code)) == Meaning.UNKNOWN


def test_250_to_the_dot_means_taken():
    assert classify(Reply(Stage.DOT, 250, "2.0.0 Ok")) == Meaning.ACCEPTED


@pytest.mark.parametrize("code", [0, 250, 421, 454, 535, 554])
def test_whatever_fails_while_connecting_is_about_the_server(code):
    assert classify(Reply(Stage.CONNECT, code)) == Meaning.RELAY


@pytest.mark.parametrize("stage", IN_TRANSACTION)
@pytest.mark.parametrize("text", ["", "4.2.2 Full", "4.7.1 Greylisted", "4.1.8 Who", "5.1.1 A code that lies"])
def test_4xx_is_for_now(stage, text):
    assert classify(Reply(stage, 450, text)) == Meaning.DEFERRED


@pytest.mark.parametrize("stage", IN_TRANSACTION)
@pytest.mark.parametrize("answer", [(452, "4.3.1 Disk"), (421, "4.3.2 Going down"), (530, "5.7.0"), (535, "5.7.8")])
def test_4_3_x_and_a_wanted_sign_in_are_about_the_server(stage, answer):
    assert classify(Reply(stage, *answer)) == Meaning.RELAY


@pytest.mark.parametrize("status", sorted(BAD_ADDRESS))
def test_a_bad_address_is_told_at_rcpt_or_the_dot(status):
    assert classify(Reply(Stage.RCPT, 550, f"{status} No such user")) == Meaning.NO_SUCH_ADDRESS
    assert classify(Reply(Stage.DOT, 550, status)) == Meaning.NO_SUCH_ADDRESS
    assert classify(Reply(Stage.MAIL, 550, status)) == Meaning.RELAY
    assert classify(Reply(Stage.DATA, 550, status)) == Meaning.UNCLEAR


@pytest.mark.parametrize("status", ["5.1.7", "5.1.8"])
def test_codes_about_the_sender_never_hurt_the_recipient(status):
    assert classify(Reply(Stage.MAIL, 550, status)) == Meaning.RELAY
    assert classify(Reply(Stage.RCPT, 550, status)) == Meaning.ABOUT_US


@pytest.mark.parametrize("stage", IN_TRANSACTION)
@pytest.mark.parametrize("status", ["5.7.1", "5.7.515", "5.3.4", "5.4.1", "5.5.4", "5.6.0"])
def test_5xx_about_us_is_our_fault(stage, status):
    assert classify(Reply(stage, 550, f"{status} No")) == Meaning.ABOUT_US


@pytest.mark.parametrize("text", ["", "No", "5.0.0 No", "5.1.0 No", "5.2.2 Full", "5.1.11", "5.1.1x", "4.1.1 Lies"])
def test_any_other_5xx_is_unclear(text):
    assert classify(Reply(Stage.RCPT, 550, text)) == Meaning.UNCLEAR


def test_what_is_kept_is_one_short_line_without_addresses():
    found = outcome(Reply(Stage.RCPT, 550, "5.1.1 <ada@example.org>\r\n unknown\t" + "x" * 999), "relay")
    assert found.reply.startswith("550 5.1.1 <<address>> unknown xxx")
    assert len(found.reply) == LONGEST_REPLY
    assert (found.status, found.relay) == ("5.1.1", "relay")


def test_every_meaning_has_words_for_the_owner():
    assert all(len(meaning.value.split()) >= 1 and meaning.value[0].islower() for meaning in Meaning)
