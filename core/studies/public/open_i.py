"""Open-I, the Indiana University chest X-rays (Demner-Fushman et al., JAMIA 2016)."""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings, views

LAYOUT = (
    "open-i: wants NLMCXR_reports.tgz (or its XML files) and the unpacked PNGs of NLMCXR_png.tgz "
    "or DICOM files of NLMCXR_dcm.tgz, see docs/data/open-i.md."
)
NAMES = {
    "normal": "No Finding", "cardiomegaly": "Cardiomegaly", "pulmonary edema": "Edema",
    "pulmonary atelectasis": "Atelectasis", "consolidation": "Consolidation",
    "pneumonia": "Pneumonia", "pneumothorax": "Pneumothorax", "hydropneumothorax": "Pneumothorax",
    "hemopneumothorax": "Pneumothorax", "pleural effusion": "Pleural Effusion",
    "opacity/lung": "Lung Opacity", "infiltrate/lung": "Lung Opacity",
    "airspace disease": "Lung Opacity", "nodule/lung": "Lung Lesion", "mass/lung": "Lung Lesion",
    "thickening/pleura": "Pleural Other", "fractures, bone": "Fracture",
    "catheters, indwelling": "Support Devices", "implanted medical device": "Support Devices",
    "medical device": "Support Devices", "tube, inserted": "Support Devices",
}  # fmt: skip
"""CheXpert names of the indexers' MeSH terms, a site after / where the term alone says less."""
_DENIED = set(NAMES.values()) - {"Lung Opacity", "Support Devices"}
_CONGESTION = {"pulmonary congestion", "heart failure"}  # which CheXpert may call edema
_MAX_XML, _MAX_REPORTS = 2**20, 100_000  # the largest report has 20 kB, and there are 3,955
_SUFFIXES = (".png", ".dcm")  # the first is quicker to read


@dataclass(frozen=True)
class Report:
    """What one XML file says."""

    id: str  # "CXR1"; each is one visit of one patient
    text: str  # findings, then impression
    terms: tuple[str, ...]  # MeSH as the indexers wrote it, "opacity/lung/base/left"
    images: tuple[str, ...]  # "CXR1_1_IM-0001-3001"


def open_open_i(root: Path) -> PublicSet:
    """Open the folder.

    Raises:
        ExplorerError: no report, or none of their images.
    """
    reports, problems = read_reports(_source(root))
    problems += [f"The report {r.id} names no image." for r in reports if not r.images]
    pairs = [(number, image) for number, r in enumerate(reports) for image in r.images]
    of = pd.Series([number for number, _ in pairs], dtype=int)
    identifier = pd.Series([image for _, image in pairs], dtype=object)
    rows = pd.DataFrame(
        {
            "id": identifier,
            "text": of.map(lambda number: reports[number].text),
            "view": _views(identifier),
            "patient_id": of.map(lambda number: reports[number].id),
            "findings": of.map(lambda number: "|".join(reports[number].terms)),
        }
    )
    files = tables.files_by_stem(root, _SUFFIXES, depth=3)
    as_dicom = identifier.str.replace(r"^CXR(\d+)_(?:\1_)?", r"\1_", regex=True)
    rows["image"] = identifier.map(files).fillna(as_dicom.map(files))
    return build(root, rows, _labels(reports, of), LAYOUT, problems)


def read_reports(source: Path) -> tuple[list[Report], list[str]]:
    """All reports of the archive, or of a folder of XML files, by number, and what is unreadable.

    Raises:
        ExplorerError: the archive is damaged.
    """
    reports, problems = [], []
    for name, data in _documents(source):
        try:
            reports.append(_parse(data))
        except (ElementTree.ParseError, ValueError, LookupError):  # of an unknown encoding
            problems.append(f"{name} is no readable report.")
    return sorted(reports, key=lambda report: (len(report.id), report.id)), problems


def _source(root: Path) -> Path:
    archive = tables.find(root, "NLMCXR_reports.tgz")
    for folder in ("ecgen-radiology", "NLMCXR_reports/ecgen-radiology", "NLMCXR_reports"):
        if (root / folder).is_dir():
            return root / folder
    if archive is None:
        return tables.require(root, LAYOUT, "NLMCXR_reports.tgz")
    return archive


def _documents(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in sorted(source.glob("*.xml"))[:_MAX_REPORTS]:
            with path.open("rb") as stream:
                yield path.name, stream.read(_MAX_XML)
        return
    try:
        with tarfile.open(source, "r:gz") as archive:
            for number, member in enumerate(archive):
                if number > _MAX_REPORTS:
                    break
                held = archive.extractfile(member) if member.isfile() else None
                if held is not None and member.name.endswith(".xml"):
                    yield member.name.rsplit("/", 1)[-1], held.read(_MAX_XML)
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        raise ExplorerError(f"{source.name} is damaged; download it again.") from None


def _parse(data: bytes) -> Report:
    tree = ElementTree.fromstring(data)
    uid = tree.find("uId")
    if uid is None or not uid.get("id"):
        raise ValueError("no uId")
    said = {part.get("Label"): " ".join((part.text or "").split())
            for part in tree.iter("AbstractText")}  # fmt: skip
    parts = [said.get(label, "") for label in ("FINDINGS", "IMPRESSION")]
    terms = [" ".join((term.text or "").lower().split()) for term in tree.findall(".//MeSH/major")]
    images = [image.get("id") or "" for image in tree.findall(".//parentImage")]
    return Report(
        str(uid.get("id")), "\n".join(filter(None, parts)),
        tuple(filter(None, terms)), tuple(filter(None, images)),
    )  # fmt: skip


def _labels(reports: list[Report], of: pd.Series) -> pd.DataFrame:
    """Labels of each image, which are those of its report."""
    terms = [
        [
            "/".join(words[:size])
            for words in (term.split("/") for term in r.terms)
            for size in (1, 2)
        ]
        for r in reports
    ]
    read = np.array([bool(r.terms) and "no indexing" not in r.terms for r in reports])
    labels = labels_from_findings(terms, NAMES, read, _DENIED, ("Lung Opacity",))
    congested = np.array([not _CONGESTION.isdisjoint(found) for found in terms])
    labels.loc[congested & (labels["Edema"] == 0), "Edema"] = np.nan
    return labels.iloc[of.to_numpy(dtype=int)].reset_index(drop=True)


def _views(identifier: pd.Series) -> pd.Series:
    """Views from the tables of torchxrayvision, if it is installed: the publisher's have none.

    They are DICOM headers, and where these are silent a judgement by the pictures' likeness.
    """
    package = find_spec("torchxrayvision")
    empty = pd.Series("", index=identifier.index)
    if package is None or not package.submodule_search_locations:
        return empty
    data = Path(package.submodule_search_locations[0]) / "data"
    header, likeness = data / "nlmcxr_dicom_metadata.csv.gz", data / "nlmcxr_tsne_pa.csv.gz"
    if not (header.is_file() and likeness.is_file()):
        return empty
    by_header = tables.read_table(header, ["imageid", "View Position"]).dropna()
    by_likeness = tables.read_table(likeness, ["imageid", "tsne-view"]).dropna()
    known = by_likeness.set_axis(["imageid", "view"], axis=1)
    known = pd.concat([by_header.set_axis(["imageid", "view"], axis=1), known])
    known = known.drop_duplicates("imageid").set_index("imageid")["view"]
    return views(identifier.map(known))
