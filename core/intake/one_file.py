"""One image of an import: read, checked, and written without what identifies."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from core.errors import ExplorerError
from core.films.dicom.values import numbers, texts, word
from core.films.loaded import LoadedImage
from core.films.read import read_image
from core.intake.burned_in import text_boxes
from core.intake.dicom_copy import deidentified
from core.intake.identity import Pseudonyms, scrubbed
from core.intake.mapping import view_name

NAME = "The file"
"""What sentences call it: its own name can hold a person's."""

_NAMES = ("PatientName", "PatientBirthName", "OtherPatientNames", "PatientMotherBirthName",
          "ResponsiblePerson", "ReferringPhysicianName", "PerformingPhysicianName",
          "NameOfPhysiciansReadingStudy", "OperatorsName", "PatientID",
          "OtherPatientIDs")  # fmt: skip
"""Of people; some systems write a name where an id belongs."""
_IDENTIFIERS = (*_NAMES, "AccessionNumber", "StudyID", "InstitutionName")
BURNED_IN = "Text seems to be burned into the picture; look at it before you share it."
BURNED_IN_HEADER = "The header says that text is burned into the picture."


@dataclass(frozen=True)
class FileJob:
    """What a worker needs of one study."""

    path: Path
    study: str  # its pseudonym
    text: str
    view: str
    patient: str  # as the table has it; "" takes the header's
    known: tuple[str, ...]  # identifiers of the table, to be taken out of the text
    names: tuple[str, ...] = ()  # those of `known` that name people


@dataclass(frozen=True)
class Written:
    """What became of one file: a row of the manifest, or the reason why there is none."""

    row: dict[str, object] = field(default_factory=dict)
    reason: str = ""
    remarks: tuple[str, ...] = ()


def import_file(job: FileJob, folder: Path, pseudonyms: Pseudonyms) -> Written:
    """Read one image and write it to `folder` as `STUDY.dcm` or `STUDY.png`."""
    try:
        loaded = read_image(job.path, NAME)
        if loaded.kind == "DICOM":
            return _dicom(job, folder, pseudonyms, loaded)
        name = f"{job.study}.png"
        _write_png(folder / name, loaded.pixels)
        return _written(job, pseudonyms, loaded, name, Dataset())
    except ExplorerError as error:
        return Written(reason=str(error))
    except Exception:  # one file of an archive must not end the others; its words may be private
        return Written(reason=f"{NAME} cannot be read; export or copy it again.")


def _dicom(job: FileJob, folder: Path, pseudonyms: Pseudonyms, loaded: LoadedImage) -> Written:
    from core.films.dicom import quiet
    from core.films.dicom.pixels import frames

    with quiet():
        header = pydicom.dcmread(job.path)
        made = deidentified(header, loaded.pixels)
        name = f"{job.study}.dcm"
        made.save_as(folder / name, enforce_file_format=True)
        # Read back: it is whole, and its notes can hold nothing of the original's header.
        copy = read_image(folder / name, NAME)
        several = frames(header) > 1
        remarks = ("Only the first of its frames was kept.",) * several + copy.remarks
        return _written(job, pseudonyms, replace(copy, remarks=remarks), name, header)


def _written(
    job: FileJob, pseudonyms: Pseudonyms, loaded: LoadedImage, name: str, header: Dataset
) -> Written:
    known = [*job.known, *(text for field in _IDENTIFIERS for text in texts(header, field))]
    names = [*job.names, *(text for field in _NAMES for text in texts(header, field))]
    patient = job.patient or "".join(texts(header, "PatientID")[:1])
    remarks = list(loaded.notes)
    said = word(header, "BurnedInAnnotation") == "YES"
    seen = bool(text_boxes(loaded.pixels))
    remarks += [BURNED_IN_HEADER] * said + [BURNED_IN] * seen
    row: dict[str, object] = {
        "id": job.study,
        "image": f"images/{name}",
        "text": scrubbed(job.text, known, names),
        "view": job.view or view_name(word(header, "ViewPosition")) or "",
        "patient_id": pseudonyms("patient", patient) if patient else "",
        **_spacing(header),
        "burned_in": int(said or seen),
    }
    return Written(row, remarks=tuple(remarks))


def _spacing(header: Dataset) -> dict[str, object]:
    """Height and width of a stored pixel in mm, at the detector where the body's is not known."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        sides = numbers(header, keyword)
        if len(sides) == 2 and None not in sides:
            return {"pixel_height_mm": sides[0], "pixel_width_mm": sides[1]}
    return {"pixel_height_mm": "", "pixel_width_mm": ""}


def _write_png(path: Path, pixels: NDArray[np.float32]) -> None:
    """Grey PNG of 8 bits where the film has no more, else of 16; nothing but pixels."""
    eight = np.rint(pixels)
    # Two bytes are read as such only where some value needs them.
    if np.array_equal(eight, pixels) or float(pixels.max()) * 257 < 256:
        values: NDArray[np.generic] = eight.astype(np.uint8)
    else:
        values = np.rint(pixels * np.float32(257)).astype(np.uint16)
    Image.fromarray(values).save(path, "PNG", compress_level=4)


def plain_label(label: str) -> str:
    """A box's label as words; what is no word goes."""
    return re.sub(r"[^A-Za-z /()-]+", " ", label).strip()[:40]
