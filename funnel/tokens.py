"""The tokens in our links, one purpose each, and the keys behind them.

The keys are random and live in the database, wrapped by SECRET_KEY, so that SECRET_KEY can be changed without breaking
a link mailed years ago. A token is base64url(integers as LEB128 + a keyed BLAKE2b tag); nothing is stored for it.
"""

import base64
import functools
import hmac
import secrets
from binascii import b2a_base64
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from funnel.config import Settings, SettingsError, bare
from funnel.db import Base, Session, utc_now

TAG_BYTES = 10  # 80 bits: a guess a nanosecond for ten thousand years finds one in four thousand
ADDRESS_HASH_BYTES = 16
KEY_BYTES = 32
KEYS = ("links", "addresses", "secrets")
LONGEST_TOKEN = 200

Spelled = TypeVar("Spelled", bytes, str)

_fernet = functools.lru_cache(maxsize=4)(Fernet)
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_LAST = [bytes([low]) for low in range(0x80)]  # seven bits of a number, the last of them,
_MORE = [bytes([low | 0x80]) for low in range(0x80)]  # and those that more follow


class Purpose(StrEnum):
    """What a token opens. A token made for one purpose is refused for every other."""

    CONFIRM = "confirm"  # sign-up id; salted with its nonce
    UNSUBSCRIBE = "unsubscribe"  # subscriber id, message id (0: not from a message)
    PREFERENCES = "preferences"  # subscriber id, message id
    ADDRESS = "address"  # new address id; salted with its nonce
    FRESH = "fresh"  # subscriber id, unix time it ends, of which address
    HANDOUT = "handout"  # form id, subscriber id (0: of neither)
    GO = "go"  # link id, message id (0: on a page)
    FORM = "form"  # form id, unix milliseconds when it was shown
    DONE = "done"  # unix time until which it may be told; salted with what was done
    STEP = "step"  # form id, unix milliseconds when one step more was asked for
    BOOK = "book"  # unix milliseconds when it was shown
    VERP = "verp"  # message id
    INVITE = "invite"  # owner id, unix time it ends; salted with the owner's session key
    FORGOTTEN = "forgotten"  # the same: a password


class BadToken(Exception):  # noqa: N818 (it is what it is: a bad token)
    """The token is not one of ours, or not for this purpose. Its text tells nothing more, on purpose."""


class DataKey(Base):
    """A random key, wrapped by SECRET_KEY. `purpose`: one of KEYS."""

    __tablename__ = "data_key"
    purpose: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


def sign(purpose: Purpose, *numbers: int, salt: bytes = b"") -> str:
    """A URL-safe token that carries `numbers` (each ≥ 0) and opens `purpose` only."""
    return spelled(signed(purpose, *numbers, salt=salt)).decode()


def signed(purpose: Purpose, *numbers: int, salt: bytes = b"") -> bytes:
    """The token before it is spelled, for where the two cases of its usual spelling would not last."""
    payload = b"".join(map(packed, numbers))
    return payload + _tag(purpose, payload, salt)


def signer(purpose: Purpose, spell: Callable[[bytes], Spelled], *first: int) -> Callable[[bytes], Spelled]:
    """Makes many tokens that begin with the numbers `first`, at half the price: it is told the others, `packed`.

    `signer(p, spelled, 1)(packed(2) + packed(3))` is `sign(p, 1, 2, 3)` as bytes. It keeps the key it was made with.
    """
    head, fresh = b"".join(map(packed, first)), _keyed(purpose).copy
    begun: dict[int, blake2b] = {}  # by the length of the rest: the hash with all in it that stands before that

    def begin(length: int) -> blake2b:
        begun[length] = fresh()
        begun[length].update((len(head) + length).to_bytes(2, "big") + head)
        return begun[length]

    def sign_rest(rest: bytes) -> Spelled:
        length = len(rest)
        keyed = (begun[length] if length in begun else begin(length)).copy()
        keyed.update(rest)
        return spell(head + rest + keyed.digest())

    return sign_rest


def spelled(raw: bytes) -> bytes:
    """A signed token as it stands in our links: base64url without padding (RFC 4648 §5), in ASCII."""
    return b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=")


def packed(number: int) -> bytes:
    """A number as it stands in a token (LEB128). Raises ValueError for a negative one."""
    if number < 0:
        raise ValueError("a token carries no negative number")
    out = b""
    while number > 0x7F:
        out += _MORE[number & 0x7F]
        number >>= 7
    return out + _LAST[number]


def read(purpose: Purpose, token: str, *, salt: bytes = b"") -> tuple[int, ...]:
    """The numbers signed into `token`. Raises BadToken for anything not signed by us for `purpose` and `salt`."""
    return read_signed(purpose, _raw(token), salt=salt)


def read_signed(purpose: Purpose, raw: bytes, *, salt: bytes = b"") -> tuple[int, ...]:
    """The same for what `signed` gave."""
    payload, tag = raw[:-TAG_BYTES], raw[-TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(purpose, payload, salt)):
        raise BadToken
    return _numbers(payload)


def peek(token: str) -> tuple[int, ...]:
    """The numbers a token claims, unproven: only to fetch the row whose salt `read` then needs."""
    return _numbers(_raw(token)[:-TAG_BYTES])


def address_hash(address: str) -> bytes:
    """The keyed hash by which an address is known after it is deleted. Case does not count."""
    (hashed := address_hashing()).update(address.strip().lower().encode())
    return hashed.digest()


def address_hashing() -> blake2b:
    """The hash of `address_hash` with nothing but the key in it: to be copied for each of a million addresses."""
    return blake2b(key=_data_key("addresses"), digest_size=ADDRESS_HASH_BYTES)


def fingerprint(secret: str) -> bytes:
    """The keyed hash of something random that we gave out and do not keep, such as a session's cookie."""
    return blake2b(secret.encode(), key=_data_key("secrets"), digest_size=KEY_BYTES).digest()


def seal(secret: str) -> bytes:
    """`secret` so that nobody reads it without SECRET_KEY, in ASCII. Each time it looks different."""
    return _lock().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """What was sealed. Raises BadToken for what this database's key did not seal."""
    try:
        return _lock().decrypt(sealed).decode()
    except InvalidToken:
        raise BadToken from None


def ensure_keys() -> None:
    """Makes the data keys if there are none. Raises SettingsError when SECRET_KEY does not open those there are."""
    for purpose in KEYS:
        wrapped = _wrapping().encrypt(secrets.token_bytes(KEY_BYTES))
        with Session.begin() as session:
            made = insert(DataKey).values(purpose=purpose, wrapped=wrapped, created_at=utc_now())
            session.execute(made.on_conflict_do_nothing(index_elements=["purpose"]))
        _data_key(purpose)


def rewrap_keys() -> None:
    """Wraps the data keys in the present SECRET_KEY, after which the fallbacks may go."""
    with Session.begin() as session:
        for key in session.scalars(select(DataKey)):
            key.wrapped = _wrapping().rotate(key.wrapped)


@functools.cache
def _data_key(purpose: str) -> bytes:
    with Session.begin() as session:
        wrapped = session.scalar(select(DataKey.wrapped).where(DataKey.purpose == purpose))
    if wrapped is None:
        raise SettingsError(["The database holds no keys yet. Run: flask --app wsgi migrate"])
    try:
        return _wrapping().decrypt(wrapped)
    except InvalidToken:
        raise SettingsError(
            ["SECRET_KEY: it does not open the keys in this database. Put the former one into SECRET_KEY_FALLBACKS"]
        ) from None


def _wrapping() -> MultiFernet:
    known: Settings = bare()
    return MultiFernet([Fernet(_fernet_key(secret)) for secret in (known.secret_key, *known.secret_key_fallbacks)])


def _fernet_key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, b"funnel data keys").derive(secret.encode()))


def _lock() -> Fernet:
    return _fernet(base64.urlsafe_b64encode(_data_key("secrets")))


def _tag(purpose: Purpose, payload: bytes, salt: bytes) -> bytes:
    keyed = _keyed(purpose).copy()
    keyed.update(len(payload).to_bytes(2, "big") + payload + salt)
    return keyed.digest()


@functools.cache
def _keyed(purpose: Purpose) -> blake2b:
    """The hash with the key in it already, to be copied: that is a sixth of making one."""
    return blake2b(key=_data_key("links"), person=purpose.value.encode(), digest_size=TAG_BYTES)


def _raw(token: str) -> bytes:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise BadToken
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadToken from None
    # A last character may carry bits that decode to nothing: only one spelling of a token is ours.
    if len(raw) < TAG_BYTES or spelled(raw).decode() != token:
        raise BadToken
    return raw


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
