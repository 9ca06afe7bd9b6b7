"""What the sum of a newsletter promised: its button does that, or the sum is told again."""

import hashlib
import json
from typing import Any

from sqlalchemy.orm import Session as OrmSession

from funnel.audience.rule import Plain
from funnel.models.content import Newsletter
from funnel.models.topics import Topic
from funnel.programme import issue_words, translations

CALLED = {
    "words": "its words",
    "languages": "what it says in other languages",
    "whom": "the people it is for",
    "topic": "the topic it is about",
}
SIGNS = 16  # of a digest: it tells one wording from another, and keeps no secret


def of(session: OrmSession, issue: Newsletter, rule: Plain | None, topic_id: int | None) -> str:
    """All that another owner may change while the sum is read; `rule`: unfolded, the people of that moment."""
    said = {code: translations.typed(row) for code, row in translations.in_use(session, issue.id).items()}
    topic = session.get(Topic, topic_id) if topic_id else None
    parts = {
        "words": issue_words.typed(issue),
        "languages": said,
        "whom": rule,
        "topic": topic and [topic.id, topic.name],
    }
    return " ".join(f"{part}:{_digest(said)}" for part, said in parts.items())


def changed(before: str, now: str) -> list[str]:
    """What is another by now, as owners call it; all of it where nothing was told before."""
    told = set(before.split())
    return [CALLED[part.partition(":")[0]] for part in now.split() if part not in told]


def _digest(said: Any) -> str:
    plain = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(plain.encode()).hexdigest()[:SIGNS]
