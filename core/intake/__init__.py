"""A user's own data as a study set: read, checked file by file, de-identified, written anew."""

from core.intake.mapping import FIELDS, guess_mapping, parse_mapping
from core.intake.run import ImportRemark, ImportReport, import_studies
from core.intake.source import Source, open_source

__all__ = [
    "FIELDS",
    "ImportReport",
    "ImportRemark",
    "Source",
    "guess_mapping",
    "import_studies",
    "open_source",
    "parse_mapping",
]
