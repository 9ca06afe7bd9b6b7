"""The settings of the door: how much the forms may ask for, and how strict they are with robots."""

from funnel.choices import STRICTNESS
from funnel.web.owner.section import Field, Section, switch

STRICT = {
    "relaxed": "Relaxed: only where nearly everything speaks for a robot",
    "usual": "Usual: where two or three things do",
    "strict": "Strict: at the first sign",
}
LIMITS = Section(
    "limits",
    "Limits",
    "They keep strangers from filling somebody’s inbox through your forms. How fast mails leave is set at each mail "
    "server.",
    (
        Field(
            "LIMIT_ADDRESS_DAY",
            "Sign-up mails to one address, a day",
            lambda known: str(known.limits.address_day),
            "1 to 10.",
            kind="number",
        ),
        Field(
            "LIMIT_ADDRESS_MONTH",
            "Sign-up mails to one address, a month",
            lambda known: str(known.limits.address_month),
            "1 to 30.",
            kind="number",
        ),
        Field(
            "LIMIT_NETWORK_HOUR",
            "Sign-ups from one network, an hour",
            lambda known: str(known.limits.network_hour),
            "1 to 500. More for a day on which many sign up in one room.",
            kind="number",
        ),
        Field(
            "LIMIT_NETWORK_DAY",
            "Sign-ups from one network, a day",
            lambda known: str(known.limits.network_day),
            "1 to 2000.",
            kind="number",
        ),
        Field(
            "LIMIT_FORM_MINUTE",
            "Confirmations of one form, a minute",
            lambda known: str(known.limits.form_minute),
            "1 to 600. The others wait for the next minute; nobody is refused.",
            kind="number",
        ),
        Field(
            "LIMIT_MINUTE",
            "Confirmations of all forms, a minute",
            lambda known: str(known.limits.all_minute),
            "1 to 6000.",
            kind="number",
        ),
    ),
)
ROBOTS = Section(
    "robots",
    "Robots",
    "Who looks like a robot is not refused, but asked for one step more, which their browser takes by itself; "
    "without scripts it is one more tap, and their mail waits a little.",
    (
        Field(
            "STRICTNESS",
            "When one step more is asked for",
            lambda known: known.door.strictness,
            "What speaks for a robot stands beside each sign-up that was refused.",
            kind="choice",
            choices=tuple((name, STRICT[name]) for name in STRICTNESS),
        ),
        Field(
            "REFUSE_DISPOSABLE",
            "Ask for another address instead of one that is thrown away within the hour",
            lambda known: switch(known.door.refuse_disposable),
            "The list of such domains is renewed with each version of Funnel.",
            kind="switch",
        ),
    ),
)
