"""All kinds of text that are edited here, by what stands in their addresses."""

from funnel.web.owner import gate, look
from funnel.web.owner.form_manner import FORMS
from funnel.web.owner.issue_manner import NEWSLETTERS
from funnel.web.owner.look import Look
from funnel.web.owner.mail_manner import MAILS
from funnel.web.owner.manner import Manner
from funnel.web.owner.post_manner import POSTS
from funnel.web.owner.translation_manner import TRANSLATIONS

MANNERS: dict[str, Manner] = {manner.noun: manner for manner in (MAILS, NEWSLETTERS, POSTS, FORMS, TRANSLATIONS)}
# What can be seen while it is typed: all of them, and what is edited elsewhere.
LOOKS: dict[str, Look] = {
    "notices": look.NOTICE,
    **{noun: manner.look for noun, manner in MANNERS.items()},
}

TEXT = f"/<any({', '.join(MANNERS)}):noun>/<{gate.ID}:text_id>"  # the beginning of the addresses of one text
SEEN = f"/<any({', '.join(LOOKS)}):noun>/preview"
