"""The words a health practice must not use in other languages than English: the same rules as in `words`, told anew.

The advice is for the owner, in English; the better words in it are in the language of the mail.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Rule(NamedTuple):
    """`pattern` has a group `claim`, and before it `honest`: a negation that makes it an honest denial."""

    pattern: re.Pattern[str]
    advice: str


class _Tongue(NamedTuple):
    """How a language denies (before the claim, and behind it where it does), and what it must not claim.

    `claims` in the order of _ADVICE; `better` holds the words to say instead, for those that have some.
    """

    negation: str
    claims: tuple[str, ...]
    better: dict[int, str]
    behind: str = ""


_ADVICE = (
    "promises too much",
    "promises too much",
    "is not what hands can do",
    "says that one posture is right, which research does not show",
    "is not what massage does",
    "promises too much",
    "is a promise nobody can keep",
    "may be read as “stop your medicine”",
    "asks for health data, which we never ask for or keep",
)

ITALIAN = _Tongue(
    r"(?:non|né|mai|senza|nessun[ao]?|alcun[ao]?)"
    r"(?: (?:è|sono|c'è|esiste|un|una|la|il|di|può|posso|vuole|promett\w+|promess[ae]|rapida|magica)){0,4}",
    (
        r"guari(?:sce|scono|re|rà|ranno|gion[ei]|t[oaie]|bil[ei])\b|(?<!prende )cura (?:il|lo|i|gli|ogni)\b"
        r"|una cura (?:per|contro|definitiva)",
        r"risolv(?:e|ere|erà|ono|iamo)\b|elimina(?:re|no|rà)? (?:\w+ ){0,2}dolor[ei]\b",
        r"ri-?allinea\w*",
        r"correg\w+(?: \w+){0,2} postura|correzion[ei](?: \w+)? postura\w*",
        r"tossine|detox\w*|disintossic\w+",
        r"(?:previen\w+|preven\w+|impedi\w+|evit\w+)(?: \w+){0,4} (?:recidiv\w+|ricadut\w+|ritorn\w+|di tornare)",
        r"garant\w+",
        r"(?:terapi[ae]|trattament[oi]|cur[ae]) senza (?:farmaci|medicin\w+)",
        r"(?:(?:mi|ci) (?:dica|descriva|scriva|racconti|mandi)|(?:dica|descriva|scriva|racconti|mandi)(?:mi|ci))"
        r"(?: (?!nessun|alcun|senza|non )[\w']+){0,5} (?:sintom\w+|dolor\w+|diagnos\w+|malatti\w+|farmac\w+)"
        r"|dove (?:le )?fa male|quali sono i suoi sintomi",
    ),
    {0: "può dare sollievo per un po’", 2: "può aiutarLa a muoversi meglio", 6: "molte persone trovano che aiuti"},
)
GERMAN = _Tongue(
    r"(?:kein(?:e[nmrs]?)?|nicht|nie|niemals|ohne|weder)"
    r"(?: (?:ist|sind|ein(?:e[nmrs]?)?|die|der|das|zu|es|gibt|kann|will|schnelle|versprechen|verspreche)){0,4}",
    (
        r"(?:ge)?heil(?:t|en|te|ung|ungen|bar|end\w*)\b",
        r"(?:beseitigt|beseitigen|behebt|beheben|repariert|reparieren)\b",
        r"(?:ein(?:zu)?renken|eingerenkt|renkt\b(?: \w+){0,3} ein|richtet\b(?: \w+){0,3} gerade)\b",
        r"korrigier\w*(?: \w+){0,3} (?:\w*haltung)\w*|haltungskorrektur\w*",
        r"giftstoffe?n?|schlacken|entgift\w+|entschlack\w+|detox\w*",
        r"(?:verhinder\w+|verhüte\w+)(?: \w+){0,4} (?:rückf\w+|wiederkehr\w*)|beugt(?: \w+){0,3} rückfällen vor",
        r"garanti\w+",
        r"(?:behandlung|therapie)\w* ohne (?:medikamente|tabletten|arznei\w*)|(?:medikamenten|tabletten)frei\w*",
        r"(?:schreiben|sagen|erzählen|nennen|schicken|beschreiben|schildern) sie (?:mir|uns)"
        r"(?: (?!kein|nicht|nichts|ohne)\w+){0,5} (?:symptom\w*|schmerz\w*|beschwerden|diagnos\w*|krankheit\w*)"
        r"|wo tut es (?:ihnen )?weh|welche (?:symptome|beschwerden|schmerzen) haben sie",
    ),
    {
        0: "kann eine Weile lindern",
        2: "kann Ihnen helfen, sich leichter zu bewegen",
        6: "viele Menschen empfinden es so",
    },
    r"(?! (?:\w+ ){0,2}(?:nicht|nie)\b)",
)
FRENCH = _Tongue(
    r"(?:ne|aucune?|sans|jamais|pas|ni)"
    r"(?: (?:de|une?|le|la|les|peut|peux|promet\w*|est|sont|pas|rapide|existe)){0,4}",
    (
        r"guéri\w*|soigne(?:r|nt|ra)? (?:définitivement|le mal|les douleurs|la douleur)",
        r"répar(?:e|er|ent|era) (?:votre|le|la|les)\b|élimin\w+ (?:\w+ ){0,2}douleurs?",
        r"ré-?align\w+|remet\w* (?:\w+ ){0,3}en place",
        r"corrig\w+(?: \w+){0,3} posture\w*|correction\w*(?: \w+){0,2} postur\w*",
        r"toxines?|détox\w*|désintox\w*",
        r"(?:préven\w+|prévien\w+|évit\w+|empêch\w+)(?: [\w']+){0,4} (?:récidive\w*|rechute\w*|reven\w+)",
        r"garanti\w*",
        r"(?:traitement|thérapie|soin)s? sans médicaments?",
        r"(?:dites|écrivez|décrivez|racontez|envoyez|indiquez)[ -](?:moi|nous)"
        r"(?: (?!aucun|pas|sans)[\w']+){0,5} (?:symptôme\w*|douleur\w*|diagnosti\w*|maladie\w*)"
        r"|où avez[ -]vous mal|quels sont vos symptômes",
    ),
    {
        0: "peut soulager un moment",
        2: "peut vous aider à bouger plus facilement",
        6: "beaucoup de gens y trouvent un mieux",
    },
)
SPANISH = _Tongue(
    r"(?:no|nunca|sin|ning[uú]na?|ningún|ni|jamás)"
    r"(?: (?:es|hay|existe|se|una?|el|la|puede|puedo|promet\w+|de|rápida|mágica)){0,4}",
    (
        r"cura(?:r|n|rá|rán|mos|ción|ciones|d[oa]s?|tiv[oa]s?)?\b|sanar(?:á|án)?\b",
        r"(?:arregla|repara|soluciona)(?:r|n|rá)?\b|elimina\w* (?:\w+ ){0,2}dolor\w*",
        r"re-?aline\w+|recoloca\w*",
        r"corrig\w+(?: \w+){0,3} postura\w*|corre(?:cción|gir)(?: \w+){0,2} postura\w*",
        r"toxinas?|detox\w*|desintoxic\w*",
        r"(?:previen\w+|preven\w+|evit\w+|impid\w+)(?: \w+){0,4} (?:recaíd\w+|recurren\w+|vuelv\w+|volver)",
        r"garant\w+",
        r"(?:tratamiento|terapia)s? sin (?:medicamentos|fármacos|medicinas|medicación)",
        r"(?:díga|escríba|cuénte|descríba|envíe|indíque)(?:me|nos)"
        r"(?: (?!ning|no |sin )\w+){0,5} (?:síntoma\w*|dolor\w*|diagnóstico\w*|enfermedad\w*)"
        r"|dónde le duele|cuáles son sus síntomas",
    ),
    {0: "puede aliviar un tiempo", 2: "puede ayudarle a moverse mejor", 6: "a muchas personas les ayuda"},
)


def _rules(tongue: _Tongue) -> Iterator[Rule]:
    # French leaves no space behind its short “ne”.
    before = rf"(?P<honest>\b(?:{tongue.negation} |n'))?\b"
    for place, claim in enumerate(tongue.claims):
        better = tongue.better.get(place)
        advice = _ADVICE[place] + (f". Say “{better}”" if better else "")
        yield Rule(re.compile(f"{before}(?P<claim>{claim}){tongue.behind}"), advice)


RULES = {
    code: tuple(_rules(tongue)) for code, tongue in {"it": ITALIAN, "de": GERMAN, "fr": FRENCH, "es": SPANISH}.items()
}
