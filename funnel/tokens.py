"""The tokens in our links, one purpose each, and the keys behind them.

The keys are random and live in the database, wrapped by SECRET_KEY, so that SECRET_KEY can be changed without breaking
a link mailed years ago. A token is base64url(integers as LEB128 + a keyed BLAKE2b tag); nothing is stored for it.
"""

import base64
import functools
import hmac
import secrets
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from funnel.config import Settings, SettingsError, settings
from funnel.db import Base, Session, utc_now

TAG_BYTES = 10  # 80 bits: a guess a nanosecond for ten thousand years finds one in four thousand
ADDRESS_HASH_BYTES = 16
KEY_BYTES = 32
LONGEST_TOKEN = 200


class Purpose(StrEnum):
    """What a token opens. A token made for one purpose is refused for every other."""

    CONFIRM = "confirm"  # sign-up id; salted with its nonce
    RESEND = "resend"  # sign-up id
    UNSUBSCRIBE = "unsubscribe"  # subscriber id, message id (0: not from a message)
    PREFERENCES = "preferences"  # subscriber id, message id
    FRESH = "fresh"  # subscriber id, unix time it ends
    GO = "go"  # link id, message id (0: on a page)
    FORM = "form"  # form id, unix milliseconds when it was shown
    BOOK = "book"  # unix milliseconds when it was shown
    VERP = "verp"  # message id


class BadToken(Exception):  # noqa: N818 (it is what it is: a bad token)
    """The token is not one of ours, or not for this purpose. Its text tells nothing more, on purpose."""


class DataKey(Base):
    """A random key, wrapped by SECRET_KEY. `purpose`: links or addresses."""

    __tablename__ = "data_key"
    purpose: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


def sign(purpose: Purpose, *numbers: int, salt: bytes = b"") -> str:
    """A URL-safe token that carries `numbers` (each ≥ 0) and opens `purpose` only."""
    payload = b"".join(_leb128(number) for number in numbers)
    return base64.urlsafe_b64encode(payload + _tag(purpose, payload, salt)).rstrip(b"=").decode()


def read(purpose: Purpose, token: str, *, salt: bytes = b"") -> tuple[int, ...]:
    """The numbers signed into `token`. Raises BadToken for anything not signed by us for `purpose` and `salt`."""
    payload, tag = _split(token)
    if not hmac.compare_digest(tag, _tag(purpose, payload, salt)):
        raise BadToken
    return _numbers(payload)


def peek(token: str) -> tuple[int, ...]:
    """The numbers a token claims, unproven: only to fetch the row whose salt `read` then needs."""
    return _numbers(_split(token)[0])


def address_hash(address: str) -> bytes:
    """The keyed hash by which an address is known after it is deleted. Case does not count."""
    return blake2b(
        address.strip().lower().encode(), key=_data_key("addresses"), digest_size=ADDRESS_HASH_BYTES
    ).digest()


def ensure_keys() -> None:
    """Makes the data keys if there are none. Raises SettingsError when SECRET_KEY does not open those there are."""
    for purpose in ("links", "addresses"):
        wrapped = _wrapping().encrypt(secrets.token_bytes(KEY_BYTES))
        with Session.begin() as session:
            session.execute(
                insert(DataKey)
                .values(purpose=purpose, wrapped=wrapped, created_at=utc_now())
                .on_conflict_do_nothing(index_elements=["purpose"])
            )
        _data_key(purpose)


def rewrap_keys() -> None:
    """Wraps the data keys in the present SECRET_KEY, after which the fallbacks may go."""
    with Session.begin() as session:
        for key in session.scalars(select(DataKey)):
            key.wrapped = _wrapping().rotate(key.wrapped)


@functools.cache
def _data_key(purpose: str) -> bytes:
    with Session.begin() as session:
        key = session.get(DataKey, purpose)
        wrapped = key.wrapped if key else None
    if wrapped is None:
        raise SettingsError(["The database holds no keys yet. Run: flask --app wsgi migrate"])
    try:
        return _wrapping().decrypt(wrapped)
    except InvalidToken:
        raise SettingsError(
            ["SECRET_KEY: it does not open the keys in this database. Put the former one into SECRET_KEY_FALLBACKS"]
        ) from None


def _wrapping() -> MultiFernet:
    known: Settings = settings()
    return MultiFernet([Fernet(_fernet_key(secret)) for secret in (known.secret_key, *known.secret_key_fallbacks)])


def _fernet_key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, b"funnel data keys").derive(secret.encode()))


def _tag(purpose: Purpose, payload: bytes, salt: bytes) -> bytes:
    keyed = blake2b(key=_data_key("links"), person=purpose.value.encode(), digest_size=TAG_BYTES)
    keyed.update(len(payload).to_bytes(2, "big") + payload + salt)
    return keyed.digest()


def _split(token: str) -> tuple[bytes, bytes]:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise BadToken
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadToken from None
    # A last character may carry bits that decode to nothing: only one spelling of a token is ours.
    if len(raw) < TAG_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise BadToken
    return raw[:-TAG_BYTES], raw[-TAG_BYTES:]


def _leb128(number: int) -> bytes:
    if number < 0:
        raise ValueError("a token carries no negative number")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _numbers(payload: bytes) -> tuple[int, ...]:
    numbers: list[int] = []
    number = shift = 0
    for byte in payload:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if shift or any(found >= 1 << 63 for found in numbers):
        raise BadToken
    return tuple(numbers)
