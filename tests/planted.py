"""A tree of own data with identifiers wherever they turn up, and a search for them afterwards."""

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

IDENTIFIERS = (
    "ZOBELTITZ", "Hildegunde", "MRN-88431", "ACC-77219", "19470312", "12.03.1947", "2019-05-06",
    "20190506", "Sankt-Quirin", "Dr-Wimmer", "PRIVAT-5512", "ward-nine", "Ostertag",
)  # fmt: skip
"""Names, numbers, dates and places; each is planted at least once."""


def film(seed: int = 0, size: tuple[int, int] = (96, 80)) -> np.ndarray:
    """A smooth picture (H, W) uint8; no two seeds are alike."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(30, 220, (8, 8), dtype=np.uint8))
    return np.asarray(small.resize(size[::-1], Image.Resampling.BICUBIC))


def dicom(path: Path, pixels: np.ndarray, **fields: object) -> None:
    """A DICOM file whose header says who, when and where."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID = "ZOBELTITZ^Hildegunde", "MRN-88431"
    dataset.PatientBirthDate, dataset.StudyDate = "19470312", "20190506"
    dataset.AccessionNumber, dataset.InstitutionName = "ACC-77219", "Sankt-Quirin"
    dataset.ReferringPhysicianName, dataset.SeriesDescription = "Dr-Wimmer", "Ostertag PA"
    dataset.BodyPartExamined, dataset.Modality = "ZOBELTITZ", "DX"  # where it does not belong
    dataset.ViewPosition, dataset.PixelSpacing = "PA", [0.2, 0.1]
    dataset.private_block(0x0011, "Ostertag", create=True).add_new(1, "LO", "PRIVAT-5512")
    dataset.add_new(0x60004000, "LT", "ward-nine")
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, 0
    dataset.PixelData = pixels.tobytes()
    for name, value in fields.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)


def tree(root: Path) -> Path:
    """Six DICOM, four PNG with names in path and metadata, two broken files; and a table of them.

    Returns:
        The table, whose columns have names of their own.
    """
    folder = root / "ward-nine" / "ZOBELTITZ_Hildegunde"
    folder.mkdir(parents=True)
    lines = ["Datei;Name;Befund;Blickrichtung;Fallnummer;Erguss"]
    for number in range(6):
        dicom(folder / f"IM{number:04d}", film(number))
    info = PngInfo()
    info.add_text("Comment", "ZOBELTITZ MRN-88431")
    for number in range(6, 10):
        Image.fromarray(film(number)).save(folder / f"MRN-88431_{number}.png", pnginfo=info)
    (folder / "Ostertag_broken.png").write_bytes(b"\x89PNG\r\n\x1a\nOstertag")
    (folder / "Ostertag_broken.dcm").write_bytes(bytes(128) + b"DICM" + b"Ostertag" * 9)
    for number, path in enumerate(sorted(folder.iterdir())):
        said = ("Frau Ostertag (MRN-88431), 12.03.1947: small left effusion. Compared with "
                "2019-05-06.")  # fmt: skip
        lines.append(
            f"{path.relative_to(root).as_posix()};Hildegunde Ostertag;{said};pa;MRN-88431;"
            f"{'fraglich' if number == 3 else number % 2}"
        )
    table = root / "liste.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    return table


def leaks(*places: Path, said: str = "") -> list[str]:
    """Where an identifier turns up: in names and bytes of files below `places`, or in `said`."""
    texts = {"what was said": said.encode()}
    for place in places:
        for path in [place, *place.rglob("*")] if place.exists() else []:
            body = path.read_bytes() if path.is_file() else b""
            texts[str(path)] = path.name.encode() + b"\n" + body
    return [
        f"{word} in {where}"
        for where, body in texts.items()
        for word in IDENTIFIERS
        if word.lower().encode() in body.lower()
    ]
