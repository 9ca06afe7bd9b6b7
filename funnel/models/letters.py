"""The weekly letters to the owner, as they were sent."""

from datetime import date, datetime

from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class Letter(Base):
    """What one week's letter said. Kept as words: what was told must be found again, whatever the numbers are now."""

    __tablename__ = "letter"
    week: Mapped[date] = mapped_column(primary_key=True)  # its Monday, by the practice's calendar
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str]  # Markdown
    made_at: Mapped[datetime]

    @staticmethod
    def key(week: date, owner_id: int) -> str:
        """The key of the message that takes it to one owner."""
        return f"{week}:{owner_id}"

    @staticmethod
    def week_in(key: str) -> date:
        """Which letter the message with this key takes."""
        return date.fromisoformat(key.partition(":")[0])
