"""Students of a class and their answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "lrclr_students",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("name_key", sa.String(40), nullable=False, unique=True),
        sa.Column("nickname", sa.Text, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("joined", sa.String(27), nullable=False),
        sa.Column("seen", sa.String(27), nullable=False),
        sa.Column("place", sa.JSON, nullable=False),
    )
    op.create_table(
        "lrclr_answers",
        sa.Column("student", sa.String(32), sa.ForeignKey("lrclr_students.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("lesson", sa.String(40), nullable=False),
        sa.Column("question", sa.String(40), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("value", sa.Float),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("lrclr_answers")
    op.drop_table("lrclr_students")
