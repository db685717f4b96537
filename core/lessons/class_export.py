"""What a class answered, as CSV and JSON: nicknames, and nothing that opens anybody's work."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from core.records.student import AnswerRecord, Student, number_or_none

COLUMNS = ("nickname", "lesson", "question", "at", "try", "answer", "right", "value")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what begins so


def export_rows(
    students: Sequence[Student], answers: Sequence[AnswerRecord]
) -> list[dict[str, Any]]:
    """A row an answer, by COLUMNS; `try` counts a student's answers to a question from 1."""
    names = {student.id: student.nickname for student in students}
    tries: dict[tuple[str, str, str], int] = {}
    rows = []
    for one in answers:
        key = (one.student, one.lesson, one.question)
        tries[key] = tries.get(key, 0) + 1
        rows.append(
            dict(zip(COLUMNS, (names[one.student], one.lesson, one.question, one.at, tries[key],
                               one.answer, one.passed, number_or_none(one.value)), strict=True))
        )  # fmt: skip
    return rows


def export_csv(students: Sequence[Student], answers: Sequence[AnswerRecord]) -> str:
    """As CSV; a list of ticked options has "; " between them."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in export_rows(students, answers):
        answer = row["answer"]
        told = "; ".join(answer) if isinstance(answer, list) else str(answer)
        row["answer"] = f"'{told}" if told.startswith(_FORMULA) else told
        row["right"] = int(row["right"])
        writer.writerow(row)
    return buffer.getvalue()


def export_json(students: Sequence[Student], answers: Sequence[AnswerRecord]) -> str:
    """As JSON: {"answers": [...]} with the keys of COLUMNS."""
    return json.dumps({"answers": export_rows(students, answers)}, indent=1, ensure_ascii=False)
