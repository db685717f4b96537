"""An import: every file checked and written by worker processes, then the manifest, or nothing.

What names a file of the user's (a path, a row) is in `ImportReport.remarks` alone, which is held in
memory for the one who imports; the manifest and all else that is written know pseudonyms only.
"""

import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import isfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.intake.identity import Pseudonyms, is_number
from core.intake.mapping import (
    check_mapping,
    finding,
    named_findings,
    names_people,
    view_name,
)
from core.intake.one_file import (
    BURNED_IN,
    BURNED_IN_HEADER,
    FileJob,
    Written,
    import_file,
    plain_label,
)
from core.intake.source import Source
from core.intake.staging import staged
from core.labels import PATHOLOGIES
from core.processes import map_in_processes
from core.progress import Progress
from core.studies.cells import LABEL_WORDS, label_value, listed, structure
from core.studies.manifest import inside

_NO_ID = (
    "Its values repeat, so it can't be the id of an image: images are told apart by their path; "
    "those of one value count as one patient's where no column says whose they are."
)
_FEW = 12  # below this the workers' start costs more than it saves


@dataclass(frozen=True)
class ImportRemark:
    """Something about one file that its owner should know."""

    where: str  # the file or row, as the owner knows it; may identify
    reason: str  # a sentence that identifies nobody
    left_out: bool


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    manifest: Path
    n: int
    remarks: tuple[ImportRemark, ...]

    @property
    def left_out(self) -> tuple[ImportRemark, ...]:
        """Files that could not be used."""
        return tuple(remark for remark in self.remarks if remark.left_out)

    @property
    def burned_in(self) -> int:
        """Studies whose picture may hold text."""
        words = (BURNED_IN, BURNED_IN_HEADER)
        return len({r.where for r in self.remarks if r.reason in words})

    def reasons(self) -> list[tuple[str, int]]:
        """Each reason and how many files it concerns; names no file."""
        return Counter(remark.reason for remark in self.remarks).most_common()

    def to_csv(self) -> str:
        """Every remark with its file, for the one who imported; do not pass it on."""
        buffer = io.StringIO()
        rows = [(r.where, "left out" if r.left_out else "kept", r.reason) for r in self.remarks]
        pd.DataFrame(rows, columns=["file", "study", "reason"]).to_csv(buffer, index=False)
        return buffer.getvalue()


class ImportStopped(Exception):
    """The one who imports asked to stop."""


@dataclass
class _Item:
    """A study to be, with what the table knows of it."""

    where: str
    image: str
    identifier: str
    text: str = ""
    view: str = ""
    patient: str = ""
    known: tuple[str, ...] = ()  # identifiers to take out of the text
    names: tuple[str, ...] = ()  # those of them that name people
    labels: dict[str, float] | None = None
    boxes: str = ""


def import_studies(
    source: Source,
    out: Path,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> ImportReport:
    """Import a folder or table into `out`, whose manifest.csv is then a study set.

    Args:
        out: a folder that is not there yet or empty, outside of the data.
        mapping: field to column of a table; nothing else of the table is read.
        progress: called with (done, total) files; may raise `ImportStopped`.
        workers: processes; by default one a core, and none for a few files.

    Raises:
        ExplorerError: `out` cannot be used or another import is writing there, the mapping does not
            fit, or no file can be used.
    """
    out = _check_out(out, source)
    remarks: list[ImportRemark] = []
    if source.table is None:
        items = [_Item(name, name, name) for name in source.files()]
    else:
        items = list(_items(source, check_mapping(mapping or {}, source.columns), remarks))
    with staged(out) as folder:
        (folder / "images").mkdir()
        rows = _write_all(source, items, folder / "images", remarks, progress, workers)
        if not rows:
            first = f" {remarks[0].reason}" if remarks else ""
            raise ExplorerError(f"None of the {len(items)} files can be imported.{first}")
        _manifest(rows).to_csv(folder / "manifest.csv", index=False)
    return ImportReport(out / "manifest.csv", len(rows), tuple(remarks))


def _check_out(out: Path, source: Source) -> Path:
    if str(out).startswith(("\\\\", "//")):
        raise ExplorerError("Network paths are not written to; choose a local folder.")
    out = out.expanduser().resolve()
    try:
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:  # too long a name, or a place that may not be looked at
        raise ExplorerError(
            f"The new set cannot lie in {str(out)[:200]} ({error.strerror}); choose another folder."
        ) from None
    if taken:
        raise ExplorerError(f"{out.name} is there already and not empty; choose a new folder.")
    if out.is_relative_to(source.root) and source.table is None:
        raise ExplorerError("The new set would lie among the data; choose a folder outside of it.")
    return out


def _items(source: Source, mapping: dict[str, str], remarks: list[ImportRemark]) -> Iterator[_Item]:
    """Rows of a table as studies; what is wrong with a cell becomes a remark."""
    table = source.rows()
    table = table.astype(object).where(table.notna(), "")
    chosen = {field: table[column] for field, column in mapping.items()}
    universe = _universe(chosen["labels"]) if "labels" in chosen else set()
    unread = [table[column] for column in table if column not in mapping.values()]
    people = [column for column in unread if names_people(str(column.name))]
    repeated = "id" in chosen and _repeats(chosen["id"])
    if repeated:
        remarks.append(ImportRemark(f"column {mapping['id']}", _NO_ID, False))
    seen: set[str] = set()
    for row in range(len(table)):
        cells = {field: _cell(field, column.iloc[row]) for field, column in chosen.items()}
        where = f"row {row + 2}: {cells['image']}"
        identifier = cells["image"] if repeated else cells.get("id") or cells["image"]
        if identifier in seen:
            remarks.append(ImportRemark(where, "It is there twice; the first row was kept.", True))
            continue
        seen.add(identifier)
        patient = cells.get("patient_id", "") or (cells["id"] if repeated else "")
        item = _Item(where, cells["image"], identifier, cells.get("text", ""), patient=patient)
        others = (str(column.iloc[row]) for column in unread)
        item.names = (item.patient, *(str(column.iloc[row]) for column in people))
        item.known = (*item.names, cells.get("id", ""), *filter(is_number, others))
        reasons: list[str] = []
        item.view = _view(cells.get("view", ""), reasons)
        item.labels = _labels(cells, universe, reasons)
        item.boxes = _boxes(cells.get("boxes", ""), reasons)
        remarks += [ImportRemark(where, reason, False) for reason in reasons]
        yield item


def _repeats(column: "pd.Series[str]") -> bool:
    cells = column.astype(str).str.strip()
    return bool(cells[cells != ""].duplicated().any())


def _cell(field: str, value: object) -> str:
    """A cell as text; a list of sentences is a text, a list of one is what it holds."""
    text = str(value).strip()
    held = None if field in ("labels", "boxes") else listed(text)
    if held is not None and field == "text":
        return "\n".join(held)
    return held[0] if held is not None and len(held) == 1 else text


def _universe(column: "pd.Series[str]") -> set[str]:
    """Findings that a list column ever names: where one is not named, it is absent."""
    return {name for text in column.unique() for name in named_findings(text)[0]}


def _view(text: str, reasons: list[str]) -> str:
    view = view_name(text)
    if view is None:
        reasons.append("Its view is none that is known (PA, AP, lateral); left blank.")
    return view or ""


def _labels(cells: dict[str, str], universe: set[str], reasons: list[str]) -> dict[str, float]:
    labels: dict[str, float] = {}
    if "labels" in cells:
        named, all_known = named_findings(cells["labels"])
        if cells["labels"]:
            labels = {name: float(name in named) for name in universe}
        if not all_known:
            reasons.append("Its list of findings names one that CheXpert's labels have not.")
    for name in PATHOLOGIES:
        if name in cells:
            value = label_value(cells[name])
            if value is None:
                reasons.append(f"Its value for {name} is no label ({LABEL_WORDS}); left "
                               "blank.")  # fmt: skip
            labels[name] = np.nan if value is None else value
    return labels


def _boxes(text: str, reasons: list[str]) -> str:
    """The boxes with nothing beside label and place, as JSON; "" without any."""
    if not text:
        return ""
    try:
        found = [
            {"label": finding(str(box["label"])) or plain_label(str(box["label"])),
             **{side: float(box[side]) for side in ("x", "y", "w", "h")}}
            for box in structure(text) or json.loads(text)
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError):
        reasons.append("Its boxes are no JSON list of label, x, y, w and h; left out.")
        return ""
    return json.dumps(found)


def _write_all(
    source: Source, items: list[_Item], folder: Path, remarks: list[ImportRemark],
    progress: Progress | None, workers: int | None,
) -> list[dict[str, object]]:  # fmt: skip
    pseudonyms = Pseudonyms()
    jobs, kept = [], []
    for item in items:
        path = inside(source.root, item.image)
        reason = ""
        if not item.image:
            reason = "No image is named."
        elif path is None:
            reason = "The image lies outside of the folder of images."
        elif not isfile(path):  # a name that no system takes is no error
            reason = "The image is not there."
        if path is None or reason:
            remarks.append(ImportRemark(item.where, reason, True))
            continue
        study = pseudonyms("study", item.identifier)
        jobs.append(FileJob(path, study, item.text, item.view, item.patient, item.known,
                        item.names))  # fmt: skip
        kept.append(item)
    rows = []
    for done, (item, written) in enumerate(
        zip(kept, _results(jobs, folder, pseudonyms, workers), strict=True), start=1
    ):
        if written.reason:
            remarks.append(ImportRemark(item.where, written.reason, True))
        else:
            remarks += [ImportRemark(item.where, reason, False) for reason in written.remarks]
            rows.append({**written.row, "boxes": item.boxes, **(item.labels or {})})
        if progress:
            progress(done, len(jobs))
    return rows


def _results(
    jobs: list[FileJob], folder: Path, pseudonyms: Pseudonyms, workers: int | None
) -> Iterator[Written]:
    count = (os.cpu_count() or 1) if workers is None else workers
    if count < 2 or len(jobs) < _FEW:
        yield from (import_file(job, folder, pseudonyms) for job in jobs)
        return
    yield from map_in_processes(_one, jobs, count, 4, _start, (folder, pseudonyms))


_worker_folder: Path
_worker_pseudonyms: Pseudonyms


def _start(folder: Path, pseudonyms: Pseudonyms) -> None:
    global _worker_folder, _worker_pseudonyms
    _worker_folder, _worker_pseudonyms = folder, pseudonyms


def _one(job: FileJob) -> Written:
    return import_file(job, _worker_folder, _worker_pseudonyms)


def _manifest(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Ordered by pseudonym: the order of the user's files can say who is who."""
    table = pd.DataFrame(rows).sort_values("id", ignore_index=True)
    named = [column for column in table.columns if column not in PATHOLOGIES]
    labels = [name for name in PATHOLOGIES if name in table.columns]
    return table[[*named, *labels]]
