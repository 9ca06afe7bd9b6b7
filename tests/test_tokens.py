import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel import config, tokens
from funnel.tokens import BadToken, Purpose

NUMBERS = st.lists(st.integers(0, 2**63 - 1), max_size=3)


def forget_keys():
    tokens._data_key.cache_clear()
    tokens._keyed.cache_clear()


@given(NUMBERS, st.sampled_from(Purpose), st.binary(max_size=8))
def test_a_token_gives_back_its_numbers(schema, numbers, purpose, salt):
    assert list(tokens.read(purpose, tokens.sign(purpose, *numbers, salt=salt), salt=salt)) == numbers


@given(NUMBERS, st.integers(0, 3), st.sampled_from(Purpose))
def test_a_signer_makes_the_same_tokens(schema, numbers, known, purpose):
    sign_rest = tokens.signer(purpose, tokens.spelled, *numbers[:known])
    assert sign_rest(b"".join(map(tokens.packed, numbers[known:]))).decode() == tokens.sign(purpose, *numbers)
    assert list(tokens.read_signed(purpose, tokens.signed(purpose, *numbers))) == numbers


@given(st.binary(max_size=40))
def test_bytes_that_were_not_signed_are_refused(schema, raw):
    with pytest.raises(BadToken):
        tokens.read_signed(Purpose.VERP, raw)


def test_a_token_is_spelled_as_it_always_was(schema, monkeypatch):
    """Links work for years: what an older release signed must be read by this one."""
    forget_keys()
    monkeypatch.setattr(tokens, "_data_key", lambda purpose: bytes(range(32)))
    assert tokens.sign(Purpose.GO, 300, 7654321) == "rAKxl9MDeOYLPxqKcj185w"
    assert tokens.sign(Purpose.CONFIRM, 5, salt=b"12345678") == "BSc6pykVeRL2oKQ"
    tokens._keyed.cache_clear()


def test_a_negative_number_is_refused(schema):
    with pytest.raises(ValueError, match="negative"):
        tokens.sign(Purpose.GO, -1)


@given(NUMBERS, st.data())
def test_a_token_with_one_sign_changed_is_refused(schema, numbers, data):
    token = tokens.sign(Purpose.GO, *numbers)
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("ABCxyz019-_=%ü").filter(lambda found: found != token[place]))
    with pytest.raises(BadToken):
        tokens.read(Purpose.GO, token[:place] + sign + token[place + 1 :])


@given(st.text(max_size=300))
def test_rubbish_is_refused(schema, text):
    with pytest.raises(BadToken):
        tokens.read(Purpose.GO, text)


def test_a_token_opens_one_purpose_only(schema):
    token = tokens.sign(Purpose.UNSUBSCRIBE, 1, 2)
    with pytest.raises(BadToken):
        tokens.read(Purpose.PREFERENCES, token)
    with pytest.raises(BadToken):
        tokens.read(Purpose.UNSUBSCRIBE, token, salt=b"another")


def test_a_link_outlives_a_change_of_secret_key(schema, setting):
    old = config.settings().secret_key
    token = tokens.sign(Purpose.UNSUBSCRIBE, 7, 9)
    forget_keys()
    setting(SECRET_KEY="b" * 40, SECRET_KEY_FALLBACKS=old)
    assert tokens.read(Purpose.UNSUBSCRIBE, token) == (7, 9)


def test_a_lost_secret_key_is_said_with_its_mend(schema, setting):
    forget_keys()
    setting(SECRET_KEY="c" * 40)
    with pytest.raises(config.SettingsError, match="SECRET_KEY_FALLBACKS"):
        tokens.sign(Purpose.GO, 1)
    forget_keys()


def test_an_address_is_known_again_whatever_its_case(schema):
    assert tokens.address_hash(" Ada@Example.org") == tokens.address_hash("ada@example.org")
