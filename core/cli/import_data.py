"""`python -m core import`: own data as a study set, without what identifies."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out

_MAP = (
    "FIELD=COLUMN with commas between; fields: image, id, text, view, patient_id, labels, boxes, "
    "and CheXpert's names. Guessed and said when left out."
)


def import_command(
    data: Annotated[str, typer.Option(help="Folder of DICOM, PNG, JPEG; ZIP; CSV, TSV, Parquet.")],
    out: Annotated[Path, typer.Option(help="New folder for images and manifest.csv.")],
    map: Annotated[str | None, typer.Option(help=_MAP)] = None,
    images: Annotated[
        str | None, typer.Option(help="Folder that a table's paths start from; by default its own.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a CSV of what is unusable and why here; it names your files."),
    ] = None,
) -> None:
    """Check, de-identify and copy own studies; OUT/manifest.csv is then a study set."""
    from core.intake import guess_mapping, import_studies, open_source, parse_mapping
    from core.intake.dropped import ZIP, only_table, open_zip

    check_out(report)
    dropped = open_zip(Path(data)) if data.lower().endswith(ZIP) and Path(data).is_file() else None
    if dropped:
        source = dropped.source(only_table(dropped), images or "", preview=200)
    else:
        source = open_source(data, images, preview=200)
    mapping: dict[str, str] = {}
    if source.table is not None:
        guessed = guess_mapping(source.columns, source.preview)
        mapping = parse_mapping(map, source.columns) if map else guessed
        print("Columns: " + ", ".join(f"{field}={column}" for field, column in mapping.items()))
    found = import_studies(source, out, mapping, StderrProgress("Importing"))
    if report:
        report.write_text(found.to_csv(), encoding="utf-8")
    print(f"{found.n} studies: {found.manifest}")
    print(f"{len(found.left_out)} left out, {found.burned_in} that may have text in the picture.")
    for reason, count in found.reasons():  # no file is named here: output ends up in logs
        print(f"{count:7d}  {reason}")
    if found.remarks and not report:
        print("Which files these are: run it with --report FILE, and another --out.")
