"""A question about an address that looks mistyped: “gmial.com: gmail.com?” It is never more than a question."""

PROVIDERS = (
    "gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com", "live.com", "aol.com",
    "msn.com", "proton.me", "protonmail.com", "fastmail.com", "hotmail.co.uk", "yahoo.co.uk", "btinternet.com",
    "virginmedia.com", "blueyonder.co.uk", "sky.com", "talktalk.net", "ntlworld.com", "libero.it", "virgilio.it",
    "tiscali.it", "hotmail.it", "yahoo.it", "web.de", "t-online.de", "freenet.de", "comcast.net",
)  # fmt: skip
# Real ones that lie close to a provider above: nobody who has one of these is asked.
ALSO_REAL = frozenset({
    "mail.com", "email.com", "gmx.com", "gmx.net", "gmx.de", "ymail.com", "rocketmail.com", "mail.de", "gmx.at",
    "me.com", "mac.com", "pm.me", "protonmail.ch", "fastmail.fm", "hushmail.com", "gmx.ch",
})  # fmt: skip
# Endings that do not exist, and three that do but are far more often a slip when a provider's name stands before them.
NO_SUCH_ENDING = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "cpm": "com", "comm": "com", "coom": "com",
    "cim": "com", "clm": "com", "nte": "net", "ner": "net", "ogr": "org", "orgg": "org", "couk": "co.uk",
}  # fmt: skip
RARE_ENDINGS = frozenset({"co", "cm", "om"})
HOME = {provider.partition(".")[0]: provider for provider in reversed(PROVIDERS)}  # hotmail: hotmail.com, not .it
LONG_ENOUGH = 9  # signs: shorter domains have too many real neighbours, such as love.com and live.com
MOST_SLIPS = 2
SIGNS = {provider: frozenset(provider) for provider in PROVIDERS if len(provider) >= LONG_ENOUGH}


def suggestion(email: str) -> str | None:
    """The address that was probably meant; None when the typed one looks right."""
    local, at, domain = email.strip().rpartition("@")
    domain = domain.lower()
    meant = _meant(domain)
    return f"{local}{at}{meant}" if local and meant != domain else None


def _meant(domain: str) -> str:
    if domain in PROVIDERS or domain in ALSO_REAL:
        return domain
    name, dot, ending = domain.partition(".")
    mended = f"{name}{dot}{NO_SUCH_ENDING.get(ending, ending)}"
    if mended in PROVIDERS or mended in ALSO_REAL:
        return mended
    if name not in HOME:
        return _nearest(mended)
    is_slip = mended != domain or ending in RARE_ENDINGS
    return HOME[name] if is_slip else domain  # the providers have a domain in most countries, such as yahoo.fr


def _nearest(domain: str) -> str:
    """The provider whose domain is one slip away, or two when it begins alike; `domain` itself when none is."""
    # No domain is remembered: the time of the next answer would tell that somebody has typed it lately (law 4).
    alike = [provider for provider, signs in SIGNS.items() if _is_alike(domain, provider, signs)]
    slips = {provider: _slips(domain, provider) for provider in alike}
    near = [found for found in slips if slips[found] <= (MOST_SLIPS if found[0] == domain[:1] else 1)]
    return min(near, key=lambda found: slips[found], default=domain)


def _is_alike(domain: str, provider: str, signs: frozenset[str]) -> bool:
    """False where it takes more slips for certain: each changes the length by one, and takes or brings one sign."""
    if abs(len(provider) - len(domain)) > MOST_SLIPS:
        return False
    typed = set(domain)
    return len(typed - signs) <= MOST_SLIPS and len(signs - typed) <= MOST_SLIPS


def _slips(typed: str, meant: str) -> int:
    """How many signs were left out, put in, changed or swapped with their neighbour (optimal string alignment)."""
    oldest: list[int] = []
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, sign in enumerate(typed):
        oldest, before, row = before, row, [i + 1]
        for j, other in enumerate(meant):
            cost = min(before[j + 1] + 1, row[j] + 1, before[j] + (sign != other))
            if i and j and sign == meant[j - 1] and typed[i - 1] == other:
                cost = min(cost, oldest[j - 1] + 1)
            row.append(cost)
    return row[-1]
