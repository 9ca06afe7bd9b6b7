"""The second step of signing in: codes of an authenticator (TOTP, RFC 6238), and recovery codes for when it is lost."""

import base64
import secrets
from datetime import datetime, timedelta

import pyotp
import segno
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.models.house import Owner, RecoveryCode

STEP = timedelta(seconds=30)
BESIDE = 1  # a code is good one step before and after its own: clocks differ, and typing takes time (RFC 6238 §5.2)
SHOWN_FOR = timedelta(minutes=15)  # whoever saw it over a shoulder has it for no second beginning
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits


def begin(session: Session, owner: Owner, now: datetime) -> str:
    """A fresh secret to be scanned, not in force until `confirm`. Not for somebody whose second step is on."""
    owner.totp_secret = tokens.seal(f"{pyotp.random_base32()} {int(now.timestamp())}")
    session.flush()
    return _secret(owner)


def begun(session: Session, owner: Owner, now: datetime) -> str:
    """The secret that was begun with a moment ago, so that a page shown again has what was scanned; or a fresh one."""
    recent = owner.totp_secret and _made_at(owner) > (now - SHOWN_FOR).timestamp()
    return _secret(owner) if recent else begin(session, owner, now)


def pending(session: Session, owner: Owner, now: datetime) -> str:
    """The secret that was begun with, however long ago: after a wrong code it is the one on the telephone."""
    return _secret(owner) if owner.totp_secret else begin(session, owner, now)


def confirm(session: Session, owner: Owner, code: str, now: datetime) -> list[str]:
    """Turns the second step on if `code` is right. Returns the recovery codes, told this once; none if it is wrong."""
    if owner.totp_secret is None or owner.totp_since or not _takes(session, owner, code, now):
        return []
    owner.totp_since = now
    return fresh_recovery_codes(session, owner)


def fresh_recovery_codes(session: Session, owner: Owner) -> list[str]:
    """New recovery codes, told this once; the former ones are good no more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.owner_id == owner.id))
    codes = [_spelled(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(owner_id=owner.id, hash=_hash(owner.id, code)) for code in codes)
    session.flush()
    return codes


def passes(session: Session, owner: Owner, code: str, now: datetime) -> str:
    """Takes `code`, which is good no more then. Returns its kind, “code” or “recovery code”; '' for a wrong one."""
    if _takes(session, owner, code, now):
        return "code"
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.owner_id == owner.id,
            RecoveryCode.hash == _hash(owner.id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return "recovery code" if session.scalar(used) else ""


def left(session: Session, owner_id: int) -> int:
    """How many recovery codes are good still."""
    unused = select(func.count()).where(RecoveryCode.owner_id == owner_id, RecoveryCode.used_at.is_(None))
    return session.scalars(unused).one()


def are_of(session: Session, owner_id: int, codes: list[str]) -> bool:
    """Whether all of `codes` are recovery codes of this owner."""
    known = set(session.scalars(select(RecoveryCode.hash).where(RecoveryCode.owner_id == owner_id)))
    return bool(codes) and all(_hash(owner_id, code) in known for code in codes)


def forget(session: Session, owner: Owner) -> None:
    """Turns the second step off."""
    owner.totp_secret = owner.totp_since = owner.totp_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.owner_id == owner.id))


def address(secret: str, owner: Owner, practice: str) -> str:
    """What the picture says: otpauth://…, as authenticators read it."""
    return pyotp.TOTP(secret).provisioning_uri(name=owner.email, issuer_name=practice)


def picture(address: str) -> str:
    """The QR code of `address` as a data: URI of an SVG, which our security policy allows in an <img>."""
    uri: str = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#ffffff", dark="#000000")
    return uri


def _takes(session: Session, owner: Owner, code: str, now: datetime) -> bool:
    """Whether `code` is good now; each is taken once, whoever is first (RFC 6238 §5.2)."""
    typed = "".join(code.split())
    if owner.totp_secret is None or not (typed.isascii() and typed.isdigit()):
        return False
    authenticator = pyotp.TOTP(_secret(owner))
    at = int(now.timestamp() // STEP.total_seconds())
    for step in range(at - BESIDE, at + BESIDE + 1):
        if secrets.compare_digest(authenticator.generate_otp(step), typed):
            fresh = or_(Owner.totp_step.is_(None), Owner.totp_step < step)
            spent = update(Owner).where(Owner.id == owner.id, fresh).values(totp_step=step).returning(Owner.id)
            return session.scalar(spent) is not None
    return False


def _secret(owner: Owner) -> str:
    assert owner.totp_secret is not None
    return tokens.unseal(owner.totp_secret).partition(" ")[0]


def _made_at(owner: Owner) -> int:
    """Seconds since 1970; 0 of one from before that was kept."""
    assert owner.totp_secret is not None
    return int(tokens.unseal(owner.totp_secret).partition(" ")[2] or 0)


def _spelled(raw: bytes) -> str:
    """Four groups of four letters and digits; none is a 0 or a 1."""
    letters = base64.b32encode(raw).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _hash(owner_id: int, code: str) -> bytes:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return tokens.fingerprint(f"recovery {owner_id} {plain}")
