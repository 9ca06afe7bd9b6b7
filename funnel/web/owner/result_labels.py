"""What the links of an issue are called where its results are told: as the original does, where it has them."""

from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy.orm import Session

from funnel.mail import picture
from funnel.mail.encoding import Unsendable
from funnel.models.content import Newsletter
from funnel.programme import translations
from funnel.programme.merge import BadTags


def of(session: Session, issues: Iterable[Newsletter]) -> dict[str, str]:
    """The words of each link that stands in these as they are now, by where it leads.

    Of what stands in several, the original's words; of what stands in none, those of the first language by its code.
    """
    found: dict[str, str] = {}
    for issue in issues:
        for said in (None, *translations.in_use(session, translations.issue_of(issue)).values()):
            with suppress(Unsendable, BadTags):  # its picture says why
                found = picture.labels(issue, said) | found
    return found
