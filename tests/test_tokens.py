import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel import config, tokens
from funnel.tokens import BadToken, Purpose

NUMBERS = st.lists(st.integers(0, 2**63 - 1), max_size=3)


@given(NUMBERS, st.sampled_from(Purpose), st.binary(max_size=8))
def test_a_token_gives_back_its_numbers(schema, numbers, purpose, salt):
    assert list(tokens.read(purpose, tokens.sign(purpose, *numbers, salt=salt), salt=salt)) == numbers


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
    tokens._data_key.cache_clear()
    setting(SECRET_KEY="b" * 40, SECRET_KEY_FALLBACKS=old)
    assert tokens.read(Purpose.UNSUBSCRIBE, token) == (7, 9)


def test_a_lost_secret_key_is_said_with_its_mend(schema, setting):
    tokens._data_key.cache_clear()
    setting(SECRET_KEY="c" * 40)
    with pytest.raises(config.SettingsError, match="SECRET_KEY_FALLBACKS"):
        tokens.sign(Purpose.GO, 1)
    tokens._data_key.cache_clear()


def test_an_address_is_known_again_whatever_its_case(schema):
    assert tokens.address_hash(" Ada@Example.org") == tokens.address_hash("ada@example.org")
