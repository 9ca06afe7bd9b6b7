"""What somebody was written to at before."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class FormerAddress(Base):
    """An address somebody had until it was corrected, or they were merged into another: a late bounce is about it."""

    __tablename__ = "former_address"
    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"), index=True)
    address_hash: Mapped[bytes]
    until: Mapped[datetime]
