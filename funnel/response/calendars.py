"""The booking page's address, with what each vendor's page takes from it (booking.md).

Query names: Cal.com https://cal.com/help/embedding/prefill-booking-form-embed · Calendly
https://help.calendly.com/hc/en-us/articles/226766767 · Acuity https://developers.acuityscheduling.com/docs/embedding
"""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

OUR_UTM_SOURCE = "funnel"  # what Calendly's own reports call a booking that came through us

# Ends of host names: first one that fits, in this order.
_CAL = ("cal.com", "cal.eu")
_CALENDLY = ("calendly.com",)
_ACUITY = ("acuityscheduling.com", "as.me")


def address(page: str, *, name: str, email: str, reference: str, campaign: str) -> str:
    """`page` with what we know put into its query. What is empty is left out; what the page had stays, but is replaced
    where it has the same name.
    """
    parts = urlsplit(page)
    ours = _query(parts.hostname or "", name, email, reference, campaign)
    ours = {key: value for key, value in ours.items() if value}
    theirs = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in ours]
    # %20, not +: Calendly shows a plus sign in a name as it stands.
    query = urlencode([*theirs, *ours.items()], quote_via=quote)
    return parts._replace(path=parts.path or "/", query=query).geturl()


def _query(host: str, name: str, email: str, reference: str, campaign: str) -> dict[str, str]:
    if _is(host, _CAL):
        return {"name": name, "email": email, "metadata[ref]": reference}
    if _is(host, _CALENDLY):
        return {
            "name": name,
            "email": email,
            "utm_source": OUR_UTM_SOURCE,
            "utm_campaign": campaign,
            "utm_content": reference,
        }
    if _is(host, _ACUITY):
        return {"firstName": name, "email": email}  # it hands back no reference without a form field made for it
    return {"name": name, "email": email, "ref": reference}


def _is(host: str, ends: tuple[str, ...]) -> bool:
    return any(host == end or host.endswith(f".{end}") for end in ends)
