"""Segments that the owner saved: a name, and the rule that says who is in it."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class SavedSegment(Base):
    """People chosen by a rule (audience/rule), who come and go with what happens."""

    __tablename__ = "segment"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    rule: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
