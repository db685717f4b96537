"""Notes and their history."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "lrclr_notes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("image_key", sa.String(40), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("study", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created", sa.String(27), nullable=False),
        sa.Column("changed", sa.String(27), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
    )
    op.create_index("ix_lrclr_notes_image_key", "lrclr_notes", ["image_key"])
    op.create_table(
        "lrclr_revisions",
        sa.Column("note", sa.String(32), sa.ForeignKey("lrclr_notes.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.Column("said", sa.JSON, nullable=False),
    )
    op.create_index("ix_lrclr_revisions_at", "lrclr_revisions", ["at"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("lrclr_revisions")
    op.drop_table("lrclr_notes")
