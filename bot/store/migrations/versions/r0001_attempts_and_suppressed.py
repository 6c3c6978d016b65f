"""Attempts to call, and numbers never to be dialled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

AWARE = sa.DateTime(timezone=True)
WORD = sa.String(32)
NUMBER = sa.String(16)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("persona", sa.String, nullable=False),
        sa.Column("trunk", sa.String, nullable=False),
        sa.Column("from_number", NUMBER),
        sa.Column("variables", sa.JSON, nullable=False),
        sa.Column("room", sa.String, nullable=False),
        sa.Column("identity", sa.String, nullable=False),
        sa.Column("created_at", AWARE, nullable=False),
        sa.Column("changed_at", AWARE, nullable=False),
        sa.Column("dialled_at", AWARE),
        sa.Column("answered_at", AWARE),
        sa.Column("ended_at", AWARE),
        sa.Column("answered_by", WORD),
        sa.Column("outcome", WORD),
        sa.Column("sip_code", sa.Integer),
        sa.Column("reason", sa.String),
        sa.Column("record", sa.String),
    )
    op.create_index("attempts_by_number", "attempts", ["number", "created_at"])
    op.create_index("attempts_by_state", "attempts", ["state"])
    op.create_table(
        "suppressed",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("since", AWARE, nullable=False),
        sa.Column("until", AWARE),
    )
