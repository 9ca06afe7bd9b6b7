"""What the owner did to one person, as their story tells it: tags, what the audit keeps, and what was done to many."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, select

from funnel.insight.told import Entry, Told
from funnel.models.bulk import BulkAction, BulkChange, BulkJob
from funnel.models.house import AuditEntry, Owner
from funnel.models.tags import Tag, Tagged

BULK_WORDS = {
    BulkAction.TAG: "Tagged",
    BulkAction.UNTAG: "Lost a tag",
    BulkAction.PAUSE: "Paused",
    BulkAction.RESUME: "Had their pause ended",
    BulkAction.STOP: "Had their course stopped",
    BulkAction.ENROL: "Put on a course",
    BulkAction.UNSUBSCRIBE: "Unsubscribed",
    BulkAction.ERASE: "Deleted",
}

_NAME = AuditEntry.detail["name"].astext.label("name")  # of a tag, or of what was corrected


def tags(told: Told) -> Iterator[Entry]:
    query: Select[*tuple[Any, ...]] = select(Tagged.at, Tag.name).join(Tag, Tag.id == Tagged.tag_id)
    for row in told.newest(query, Tagged.subscriber_id, Tagged.at):
        yield Entry(row.at, "tagged", f"Bears the tag “{row.name}”")


def audit(told: Told) -> Iterator[Entry]:
    """By whom too: several may sign in."""
    whose = AuditEntry.detail["subscriber"].astext.in_([str(number) for number in told.ids])
    query: Select[*tuple[Any, ...]] = (
        select(AuditEntry.at, AuditEntry.action, _NAME, Owner.email)
        .outerjoin(Owner, Owner.id == AuditEntry.owner_id)
        .where(AuditEntry.detail.has_key("subscriber"), whose)
    )
    for row in told.rows(query, AuditEntry.at):
        detail = " · ".join(filter(None, (row.name, row.email and f"by {row.email}")))
        yield Entry(row.at, "owner", row.action[:1].upper() + row.action[1:], detail)


def bulk(told: Told) -> Iterator[Entry]:
    query: Select[*tuple[Any, ...]] = select(BulkJob.made_at, BulkJob.action, BulkChange.undone).join(
        BulkJob, BulkJob.id == BulkChange.job_id
    )
    for row in told.newest(query, BulkChange.subscriber_id, BulkJob.made_at):
        undone = ", which was undone" if row.undone else ""
        yield Entry(row.made_at, "owner", f"{BULK_WORDS[row.action]}, with others{undone}")
