"""Why a sign-up was refused, in the owner's words: by its reason, without what follows a colon."""

from funnel.audience import settle
from funnel.models.door import Proof

REFUSALS = {
    settle.ADDRESS_LIMIT: "this address had been asked to confirm a moment before, or often enough",
    settle.NETWORK_LIMIT: "too many sign-ups came from the same network within an hour or a day",
    settle.WIDE_LIMIT: "too many sign-ups came from networks around this one",
    settle.NO_MAIL: "this address can get no mail: its domain does not exist, or takes none",
    settle.SUPPRESSED.partition(":")[0]: "the address is not to be mailed",
    settle.TOO_OLD: "no worker took it in for days, until its link was too old",
}
# What showed that a sign-up which looked risky was a person’s.
PROOFS = {
    Proof.NONE: "Nothing more was asked for.",
    Proof.PUZZLE: "Their browser took the step more that was asked for.",
    Proof.TAP: "They tapped once more, without a script.",
}
CALLED = {settle.TOO_OLD: "too old"}  # where there is little room
