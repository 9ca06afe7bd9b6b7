"""Signing up: one filled-in form becomes one row, whatever the address and whoever it belongs to.

Nothing here asks who is subscribed, so page, status and time are the same for everybody (law 4); `settle` decides.
"""

import functools
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import address, mailbox, risk
from funnel.audience.visit import Visit, truncated
from funnel.languages import Said
from funnel.models.door import Proof
from funnel.models.people import Form, SignUp

LONGEST_EMAIL = 254  # octets: RFC 5321 §4.5.3.1.3, less the angle brackets
LONGEST_TYPED = 1000  # signs of an address or name that are looked at: more than can stand in a good one
LONGEST_UTM = 100
MOST_UTM = 10
UTM_NAME = re.compile(r"utm_[a-z_]{1,30}")
SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
NONCE_BYTES = 8
HIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's controls, halves of signs, U+2028 and U+2029


@dataclass(frozen=True)
class Typed:
    """What a reader typed, found valid by `email_problem` and `preferences.name_problem`; the zone is as it came."""

    email: str
    first_name: str = ""
    time_zone: str = ""


@dataclass(frozen=True)
class Doorway:
    """What a sign-up needs of its form."""

    id: int
    slug: str
    language: str
    wording: str
    thanks_url: str

    @classmethod
    def of(cls, form: Form) -> "Doorway":
        return cls(form.id, form.slug, form.language, form.wording, form.thanks_url)


@dataclass(frozen=True)
class Looks:
    """How it looked at the door: the signs of `risk`, and what the reader did to be let in all the same."""

    signs: tuple[str, ...] = ()
    proof: Proof = Proof.NONE


UNREMARKABLE = Looks()


def email_problem(text: str) -> str | None:
    """What is wrong with a typed address, in words the reader can mend it by; None when nothing is.

    International addresses (RFC 6531) are welcome. Nobody's server is asked.
    """
    typed = tidy(text)
    if address.usual(typed):
        return None
    if not typed:
        return Said("Please type your mail address.")
    if len(typed.encode(errors="replace")) > LONGEST_EMAIL:
        return Said("This is longer than a mail address can be (%(most)s signs). Please check it.", most=LONGEST_EMAIL)
    if any(unicodedata.category(sign) in HIDDEN for sign in typed):
        return Said("There is a hidden sign in this address. Please type it afresh instead of pasting it.")
    if typed.count("@") != 1:
        return Said("A mail address has one @ sign, as in name@example.org.")
    if _is_address(typed):
        return None
    domain = typed.rpartition("@")[2]
    if not _is_address(f"name@{domain}"):
        return Said("Please check the part after the @ sign. It should look like example.org.")
    return Said("Please check the part before the @ sign. It has no spaces, and no dot at its start or end.")


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def sign_up(
    session: Session,
    form: Form,
    typed: Typed,
    source: str,
    utm: Mapping[str, str],
    visit: Visit,
    now: datetime,
    looks: Looks = UNREMARKABLE,
) -> SignUp:
    """Inserts one SignUp, and nothing else, whatever the address. `settle.settle` decides what follows."""
    row = SignUp(**columns(Doorway.of(form), typed, source, utm, visit, now, looks))
    session.add(row)
    session.flush()
    return row


def columns(
    form: Doorway, typed: Typed, source: str, utm: Mapping[str, str], visit: Visit, now: datetime, looks: Looks
) -> dict[str, Any]:
    """What a filled-in form is kept as, by the columns of SignUp."""
    email = normalised(typed.email)
    found = {
        "form_id": form.id,
        "email": email,
        "address_hash": tokens.address_hash(email),
        "first_name": tidy(typed.first_name),
        "time_zone": time_zone(typed.time_zone),
        "language": form.language,
        "source": clean_source(source),
        "utm": clean_utm(utm),
        "wording": form.wording,
        "risk": risk.of(looks.signs).score,
        "signs": list(looks.signs),
        "proof": looks.proof,
    }
    return found | _of_visit(email, visit, now)


def again(session: Session, sign_up_id: int, visit: Visit, now: datetime) -> SignUp | None:
    """Signs the same address up once more (“send it again”), under the same limits. None when there is no row."""
    old = session.get(SignUp, sign_up_id)
    if old is None or not old.email:
        return None
    row = SignUp(
        form_id=old.form_id,
        email=old.email,
        address_hash=old.address_hash,
        first_name=old.first_name,
        time_zone=old.time_zone,
        language=old.language,
        source=old.source,
        utm=old.utm,
        wording=old.wording,
        risk=old.risk,
        signs=old.signs,
        proof=old.proof,
        is_again=True,
        **_of_visit(old.email, visit, now),
    )
    session.add(row)
    session.flush()
    return row


def _of_visit(email: str, visit: Visit, now: datetime) -> dict[str, Any]:
    return {
        "mailbox_hash": mailbox.mark(email),
        "network": visit.network,
        "wide": truncated(visit.network),
        "agent": visit.agent,
        "nonce": secrets.token_bytes(NONCE_BYTES),
        "created_at": now,
    }


def tidy(text: str) -> str:
    """`text` without spaces around it, in NFC."""
    # NFC takes as long as the square of a row of accents: half a minute for what fits into a post.
    return unicodedata.normalize("NFC", text.strip()[:LONGEST_TYPED])


def normalised(email: str) -> str:
    """`email` without spaces around it, in NFC, its domain in the one form of its spellings; the local part as typed.

    A domain may be typed in capitals, in punycode or in full-width letters (UTS 46), and the limits count an address.
    """
    typed = tidy(email)
    if usual := address.usual(typed):
        return usual
    try:
        return validate_email(typed, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:  # only what no form has checked
        local, at, domain = typed.rpartition("@")
        return f"{local}{at}{domain.lower()}"


def clean_utm(args: Mapping[str, str]) -> dict[str, str]:
    """The utm_* arguments of a URL that are plain text of at most 100 signs; the rest is left out."""
    found = {name: value for name, value in args.items() if UTM_NAME.fullmatch(name) and _is_plain(value)}
    return dict(list(found.items())[:MOST_UTM])


def clean_source(text: str) -> str:
    """`text` when it can be the slug of a post or of an embed code; '' for anything else."""
    return text if SOURCE.fullmatch(text) else ""


def time_zone(name: str) -> str:
    """`name` when it is a time zone we know, as a browser reports it; '' otherwise."""
    return name if name in _zones() else ""


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_plain(value: str) -> bool:
    return 0 < len(value) <= LONGEST_UTM and value.isprintable()
