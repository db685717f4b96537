"""Patients of the lab as a study set: a text file with one patient a line (`phantom:FILE.txt`)."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from core.errors import ExplorerError
from core.phantom.patient import Patient, parse_patient
from core.studies.phantom_set import PhantomSet

MOST_PATIENTS = 5_000
_MOST_BYTES = 10_000_000
_SIZE = 224


def patients_text(patients: Iterable[Patient]) -> str:
    """The text of a file of patients, which `read_patients` reads back."""
    return "".join(f"{patient}\n" for patient in patients)


def read_patients(text: str, source: str = "The file") -> list[Patient]:
    """The patients of a file's text; empty lines and those that begin with # say nothing.

    Raises:
        ExplorerError: a line is no patient, there is none, or there are too many.
    """
    patients = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            patients.append(parse_patient(line))
        except ExplorerError as error:
            raise ExplorerError(f"{source}, line {number}: {error}") from None
        if len(patients) > MOST_PATIENTS:
            raise ExplorerError(f"{source} has over {MOST_PATIENTS} patients; split it.")
    if not patients:
        raise ExplorerError(f"{source} has no patient; write one a line (docs/lab.md).")
    return patients


def open_patients(path: str, spec: str) -> PhantomSet:
    """The set of a file; drawn when looked at, as all phantoms.

    Raises:
        ExplorerError: the file cannot be read, or as `read_patients`.
    """
    if path.startswith(("\\\\", "//")):
        raise ExplorerError("Network paths are not opened; copy the file to a local folder.")
    file = Path(path).expanduser()
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ExplorerError(f"{file.name} is over 10 MB, too much for patients; split it.")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ExplorerError(
            f"{file.name} cannot be read as a text of patients; give a file with one a line."
        ) from None
    patients = read_patients(text, file.name)
    name = sha256(patients_text(patients).encode()).hexdigest()[:16]
    studies = PhantomSet.of_cases([patient.case for patient in patients], _SIZE, f"lab,{name}")
    studies.spec = spec
    return studies
