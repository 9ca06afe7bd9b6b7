"""What a mail of a course or an issue says in another language than the one it was first written in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class Translation(Base):
    """Of a step or of an issue. While it is not in use, readers of its language get the original, wholly."""

    __tablename__ = "translation"
    id: Mapped[int] = mapped_column(primary_key=True)
    step_id: Mapped[int | None] = mapped_column(ForeignKey("step.id"))
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id"))  # of an issue, and of its wordings
    language: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    preheader: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")  # Markdown with merge tags
    in_use: Mapped[bool] = mapped_column(default=False)
    of_revision: Mapped[int] = mapped_column(default=0)  # the wording of the original that it was last held against
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("num_nonnulls(step_id, newsletter_id) = 1", name="of_one"),
        UniqueConstraint("step_id", "language"),
        UniqueConstraint("newsletter_id", "language"),
    )
