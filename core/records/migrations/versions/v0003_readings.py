"""Readings of a class and what was marked in them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "lrclr_readings",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("opened", sa.String(27), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("rows", sa.JSON, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
    )
    op.create_table(
        "lrclr_marks",
        sa.Column("reading", sa.String(32), sa.ForeignKey("lrclr_readings.id"), primary_key=True),
        sa.Column("student", sa.String(32), sa.ForeignKey("lrclr_students.id"), primary_key=True),
        sa.Column("film", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("marks", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("lrclr_marks")
    op.drop_table("lrclr_readings")
