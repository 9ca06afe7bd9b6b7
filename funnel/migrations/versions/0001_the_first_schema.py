"""the first schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Evidence that can be edited is none. Retention and erasure blank where and with what it was given, never what was
# said; a sign-up that is deleted takes its number along.
CONSENT_IS_APPEND_ONLY = """
CREATE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.subscriber_id, NEW.form_id, NEW.kind, NEW.wording, NEW.how, NEW.at)
            IS NOT DISTINCT FROM (OLD.id, OLD.subscriber_id, OLD.form_id, OLD.kind, OLD.wording, OLD.how, OLD.at)
            AND (NEW.network IS NULL OR NEW.network IS NOT DISTINCT FROM OLD.network)
            AND (NEW.agent IS NULL OR NEW.agent IS NOT DISTINCT FROM OLD.agent)
            AND (NEW.sign_up_id IS NULL OR NEW.sign_up_id IS NOT DISTINCT FROM OLD.sign_up_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'consent lines are append only';
END $$;
CREATE TRIGGER consent_is_append_only BEFORE UPDATE OR DELETE ON consent
    FOR EACH ROW EXECUTE FUNCTION consent_is_append_only();
"""


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_data_key")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "owner",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("session_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
        sa.UniqueConstraint("email", name=op.f("uq_owner_email")),
    )
    op.create_table(
        "post",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("slug", name=op.f("uq_post_slug")),
    )
    op.create_table(
        "sequence",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "live", "retired", name="sequencestate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=False),
        sa.Column("weekends", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "0 <= window_start AND window_start < window_end AND window_end <= 1440", name=op.f("ck_sequence_window")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sequence")),
        sa.UniqueConstraint("slug", name=op.f("uq_sequence_slug")),
    )
    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum("bounce", "complaint", "erasure", "owner", name="suppressionreason", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_suppression")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_audit_entry_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_table(
        "form",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("promise", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("leaving", sa.Text(), nullable=False),
        sa.Column("button", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("sequence_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_form_post_id")),
        sa.ForeignKeyConstraint(["sequence_id"], ["sequence.id"], name=op.f("fk_form_sequence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form")),
        sa.UniqueConstraint("slug", name=op.f("uq_form_slug")),
    )
    op.create_table(
        "step",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sequence_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("welcome", "tip", "invitation", name="stepkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("draft", "live", "retired", name="sequencestate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preheader", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sequence_id"], ["sequence.id"], name=op.f("fk_step_sequence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step")),
        sa.UniqueConstraint("sequence_id", "slug", name=op.f("uq_step_sequence_id_slug")),
    )
    op.create_index(op.f("ix_step_sequence_id"), "step", ["sequence_id"], unique=False)
    op.create_table(
        "form_view",
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_form_view_form_id")),
        sa.PrimaryKeyConstraint("form_id", "day", "source", name=op.f("pk_form_view")),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "content", "booking", "booked", "interest", "canary", name="linkkind", native_enum=False, length=20
            ),
            nullable=False,
        ),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_link_post_id")),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_link_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    op.create_index(
        "uq_link_place",
        "link",
        ["url", sa.literal_column("coalesce(step_id, 0)"), sa.literal_column("coalesce(post_id, 0)")],
        unique=True,
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "active",
                "unsubscribed",
                "bounced",
                "complained",
                "erased",
                name="subscriberstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("pace", sa.Enum("all", "monthly", name="pace", native_enum=False, length=20), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("form_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("utm", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_marketing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_marketing_message_id", sa.BigInteger(), nullable=True),
        sa.Column("last_newsletter_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_subscriber_form_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_subscriber_address_hash")),
    )
    op.create_index("ix_subscriber_confirmed", "subscriber", ["confirmed_at"], unique=False)
    op.create_index("ix_subscriber_created", "subscriber", ["created_at"], unique=False)
    op.create_index(
        "ix_subscriber_email",
        "subscriber",
        [sa.literal_column("lower(email)").label("email_lower")],
        unique=False,
        postgresql_ops={"email_lower": "text_pattern_ops"},
    )
    op.create_index("ix_subscriber_state", "subscriber", ["state", "id"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("requested", "booked", "moved", "cancelled", name="bookingstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column(
            "how", sa.Enum("page", "said", "owner", name="bookinghow", native_enum=False, length=20), nullable=False
        ),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("suits", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_booking_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
    )
    op.create_index(op.f("ix_booking_created_at"), "booking", ["created_at"], unique=False)
    op.create_index(op.f("ix_booking_subscriber_id"), "booking", ["subscriber_id"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("active", "finished", "stopped", name="enrolmentstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "booked",
                "left",
                "bounced",
                "complained",
                "preference",
                "erased",
                "by owner",
                name="stopreason",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sequence_id"], ["sequence.id"], name=op.f("fk_enrolment_sequence_id")),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_enrolment_step_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_enrolment_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("subscriber_id", "sequence_id", name=op.f("uq_enrolment_subscriber_id_sequence_id")),
    )
    op.create_index(
        "ix_enrolment_due", "enrolment", ["next_at"], unique=False, postgresql_where=sa.text("state = 'active'")
    )
    op.create_index("ix_enrolment_step", "enrolment", ["step_id"], unique=False)
    op.create_table(
        "sign_up",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("utm", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("new", "settled", "refused", name="signupstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_sign_up_form_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_sign_up_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
    )
    op.create_index("ix_sign_up_address", "sign_up", ["address_hash", "created_at"], unique=False)
    op.create_index("ix_sign_up_created", "sign_up", ["created_at"], unique=False)
    op.create_index("ix_sign_up_form", "sign_up", ["form_id", "created_at"], unique=False)
    op.create_index("ix_sign_up_new", "sign_up", ["id"], unique=False, postgresql_where=sa.text("state = 'new'"))
    op.create_index(
        "ix_sign_up_remind", "sign_up", ["remind_at"], unique=False, postgresql_where=sa.text("remind_at IS NOT NULL")
    )
    op.create_index(
        "ix_sign_up_settled_address",
        "sign_up",
        ["address_hash"],
        unique=False,
        postgresql_where=sa.text("state = 'settled'"),
    )
    op.create_index(
        "ix_sign_up_settled_network",
        "sign_up",
        ["network", "created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'settled'"),
    )
    op.create_index(op.f("ix_sign_up_subscriber_id"), "sign_up", ["subscriber_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("sign_up_id", sa.BigInteger(), nullable=True),
        sa.Column("form_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("asked", "confirmed", "withdrew", name="consentkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_consent_form_id")),
        sa.ForeignKeyConstraint(
            ["sign_up_id"], ["sign_up.id"], name=op.f("fk_consent_sign_up_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_consent_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_at"), "consent", ["at"], unique=False)
    op.create_index(op.f("ix_consent_sign_up_id"), "consent", ["sign_up_id"], unique=False)
    op.create_index(op.f("ix_consent_subscriber_id"), "consent", ["subscriber_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "confirmation",
                "step",
                "newsletter",
                "notice",
                "letter",
                "test",
                name="messagekind",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("queue", sa.Enum("urgent", "bulk", name="queue", native_enum=False, length=20), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=True),
        sa.Column("sign_up_id", sa.BigInteger(), nullable=True),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=True),
        sa.Column("booking_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "claimed",
                "sent",
                "deferred",
                "failed",
                "unknown",
                "skipped",
                "expired",
                name="messagestate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_message_booking_id")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_message_enrolment_id")),
        sa.ForeignKeyConstraint(
            ["sign_up_id"], ["sign_up.id"], name=op.f("fk_message_sign_up_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_message_step_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_message_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_message_kind_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_message_message_id")),
    )
    op.create_index(
        "ix_message_booking",
        "message",
        ["booking_id"],
        unique=False,
        postgresql_where=sa.text("booking_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_claimed", "message", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'claimed'")
    )
    op.create_index(
        "ix_message_confirmation",
        "message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("kind = 'confirmation'"),
    )
    op.create_index("ix_message_created", "message", ["created_at"], unique=False)
    op.create_index(
        "ix_message_delivered",
        "message",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('sent', 'failed')"),
    )
    op.create_index(op.f("ix_message_sign_up_id"), "message", ["sign_up_id"], unique=False)
    op.create_index("ix_message_step", "message", ["step_id", "state"], unique=False)
    op.create_index("ix_message_subscriber", "message", ["subscriber_id", "created_at"], unique=False)
    op.create_index(
        "ix_message_troubled",
        "message",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('failed', 'unknown', 'deferred')"),
    )
    op.create_index(
        "ix_message_waiting",
        "message",
        ["queue", "due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "click",
                "open",
                "bounce",
                "complaint",
                "unsubscribe",
                "booking",
                name="eventkind",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("booking_id", sa.BigInteger(), nullable=True),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_event_booking_id")),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_event_link_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_event_message_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_event_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("key", name=op.f("uq_event_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_event_reference")),
    )
    op.create_index("ix_event_at", "event", ["at"], unique=False)
    op.create_index("ix_event_kind", "event", ["kind", "at"], unique=False)
    op.create_index("ix_event_link", "event", ["link_id"], unique=False)
    op.create_index("ix_event_message", "event", ["message_id"], unique=False)
    op.create_index("ix_event_subscriber", "event", ["subscriber_id", "at"], unique=False)
    op.create_foreign_key(op.f("fk_booking_message_id"), "booking", "message", ["message_id"], ["id"])
    op.execute(CONSENT_IS_APPEND_ONLY)


def downgrade() -> None:
    op.execute("DROP TRIGGER consent_is_append_only ON consent")
    op.execute("DROP FUNCTION consent_is_append_only")
    op.drop_constraint(op.f("fk_booking_message_id"), "booking", type_="foreignkey")
    op.drop_index("ix_event_subscriber", table_name="event")
    op.drop_index("ix_event_message", table_name="event")
    op.drop_index("ix_event_link", table_name="event")
    op.drop_index("ix_event_kind", table_name="event")
    op.drop_index("ix_event_at", table_name="event")
    op.drop_table("event")
    op.drop_index(
        "ix_message_waiting", table_name="message", postgresql_where=sa.text("state IN ('queued', 'deferred')")
    )
    op.drop_index(
        "ix_message_troubled",
        table_name="message",
        postgresql_where=sa.text("state IN ('failed', 'unknown', 'deferred')"),
    )
    op.drop_index("ix_message_subscriber", table_name="message")
    op.drop_index("ix_message_step", table_name="message")
    op.drop_index(op.f("ix_message_sign_up_id"), table_name="message")
    op.drop_index("ix_message_delivered", table_name="message", postgresql_where=sa.text("state IN ('sent', 'failed')"))
    op.drop_index("ix_message_created", table_name="message")
    op.drop_index("ix_message_confirmation", table_name="message", postgresql_where=sa.text("kind = 'confirmation'"))
    op.drop_index("ix_message_claimed", table_name="message", postgresql_where=sa.text("state = 'claimed'"))
    op.drop_index("ix_message_booking", table_name="message", postgresql_where=sa.text("booking_id IS NOT NULL"))
    op.drop_table("message")
    op.drop_index(op.f("ix_consent_subscriber_id"), table_name="consent")
    op.drop_index(op.f("ix_consent_sign_up_id"), table_name="consent")
    op.drop_index(op.f("ix_consent_at"), table_name="consent")
    op.drop_table("consent")
    op.drop_index(op.f("ix_sign_up_subscriber_id"), table_name="sign_up")
    op.drop_index("ix_sign_up_settled_network", table_name="sign_up", postgresql_where=sa.text("state = 'settled'"))
    op.drop_index("ix_sign_up_settled_address", table_name="sign_up", postgresql_where=sa.text("state = 'settled'"))
    op.drop_index("ix_sign_up_remind", table_name="sign_up", postgresql_where=sa.text("remind_at IS NOT NULL"))
    op.drop_index("ix_sign_up_new", table_name="sign_up", postgresql_where=sa.text("state = 'new'"))
    op.drop_index("ix_sign_up_form", table_name="sign_up")
    op.drop_index("ix_sign_up_created", table_name="sign_up")
    op.drop_index("ix_sign_up_address", table_name="sign_up")
    op.drop_table("sign_up")
    op.drop_index("ix_enrolment_step", table_name="enrolment")
    op.drop_index("ix_enrolment_due", table_name="enrolment", postgresql_where=sa.text("state = 'active'"))
    op.drop_table("enrolment")
    op.drop_index(op.f("ix_booking_subscriber_id"), table_name="booking")
    op.drop_index(op.f("ix_booking_created_at"), table_name="booking")
    op.drop_table("booking")
    op.drop_index("ix_subscriber_state", table_name="subscriber")
    op.drop_index("ix_subscriber_email", table_name="subscriber", postgresql_ops={"email_lower": "text_pattern_ops"})
    op.drop_index("ix_subscriber_created", table_name="subscriber")
    op.drop_index("ix_subscriber_confirmed", table_name="subscriber")
    op.drop_table("subscriber")
    op.drop_index("uq_link_place", table_name="link")
    op.drop_table("link")
    op.drop_table("form_view")
    op.drop_index(op.f("ix_step_sequence_id"), table_name="step")
    op.drop_table("step")
    op.drop_table("form")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("suppression")
    op.drop_table("sequence")
    op.drop_table("post")
    op.drop_table("owner")
    op.drop_table("heartbeat")
    op.drop_table("data_key")
