"""Spec strings: the one way to name a study set, in pages and commands."""

import re
from dataclasses import dataclass
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ExplorerError
from core.studies.ct_set import open_ct
from core.studies.folder import open_folder
from core.studies.folds import apply_options, parse_options
from core.studies.joined import SEPARATOR, JoinedSet
from core.studies.manifest import open_manifest
from core.studies.patient_file import open_patients
from core.studies.phantom_set import PhantomSet
from core.studies.public import SETS, open_public
from core.studies.selection import FORM as ONLY_FORM
from core.studies.selection import selected
from core.studies.study import StudySet

if TYPE_CHECKING:
    from core.archive.embedded_set import EmbeddedSet

FORMS = (
    "phantom:train, phantom:val, phantom:test, phantom:demo, phantom:n=500,seed=7, "
    "phantom:FILE.txt (patients of the lab, one a line), "
    "ct:demo or ct:PATH (films of a CT with nodules placed in it: a .nii.gz file or the folder of "
    "a DICOM series, with ,n=40 ,nodules=1 ,mm=8to30 ,seed=0 after it), "
    "a manifest's path ending in .csv (with ,fold=0of5 ,without=0of5 or ,derive=labels after it), "
    "a folder of images, shards:FOLDER (what `embed` wrote), or a published set in its folder: "
    + ", ".join(f"{name}:FOLDER" for name in SETS)
    + " (with ,split=test ,view=frontal ,labels=... and a manifest's options after it); "
    "several as one are A + B; trusted:SET leaves out films of which a note says that a label is "
    "wrong, drawn:SET has what notes drew as its truth (trusted,author=NAME:SET: of one author); "
    "only,FILE:SET has the studies that a selection's .json or .csv file names"
)


@dataclass(frozen=True)
class _Preset:
    split: str
    n: int
    seed: int


PRESETS = {
    "train": _Preset("train", 24_000, 0),
    "val": _Preset("val", 500, 0),
    "test": _Preset("test", 1_000, 0),
    "demo": _Preset("test", 96, 20),  # what the pages open with: small enough to embed at once
}
_LIMITS = {"n": (1, 100_000), "seed": (0, 2**31 - 1), "size": (64, 1024)}


def open_studies(spec: str) -> StudySet:
    """Open a study set.

    Args:
        spec: a phantom preset and changes to it (`phantom:train,n=2000`; without a preset the
            wording and anatomy are those of test), a file of the lab's patients
            (`phantom:FILE.txt`), films of a CT (`ct:`, see `core.studies.ct_set`), a
            manifest's path or a folder. After a
            manifest's path: `,fold=0of5` (the first of five folds), `,without=0of5` (the others),
            `,derive=labels` (sentences from the labels where there is no text). Published sets:
            see `core.studies.public.open_public`. Several sets as one: `A + B`. By the notes on
            their films (`core.records.truth`): `trusted:SET`, `drawn:SET`. The studies that a
            file names (`core.studies.selection`): `only,FILE:SET`.

    Raises:
        ExplorerError: an unknown form, a number out of range, or a file that cannot be used.
    """
    spec = spec.strip()
    if re.match(r"(trusted|drawn)[:,]", spec):
        return _noted(spec)
    if spec.startswith("only,"):
        return _selected(spec)
    if SEPARATOR in spec:
        return JoinedSet([open_studies(part) for part in spec.split(SEPARATOR)])
    if spec.startswith("phantom:"):
        return _phantoms(spec)
    if spec.startswith("ct:"):
        return open_ct(spec)
    if spec.partition(":")[0].lower() in SETS and ":" in spec:
        return open_public(spec)
    if spec.startswith("shards:"):
        return open_shards(Path(spec.removeprefix("shards:")).expanduser())
    if spec.startswith(("\\\\", "//")):
        raise ExplorerError("Network paths are not opened; copy the set to a local folder.")
    manifest = re.fullmatch(r"(.+\.csv)((?:,[a-z]+=\w+)+)", spec, re.IGNORECASE)
    if manifest:
        options = parse_options(spec, manifest[2])
        studies = apply_options(open_manifest(Path(manifest[1]).expanduser()), options)
        studies.spec = spec
        return studies
    path = Path(spec).expanduser() if spec else Path("?")
    if isdir(path):
        return open_folder(path)
    if path.suffix.lower() == ".csv":
        return open_manifest(path)
    raise ExplorerError(f"'{spec}' names no study set; known forms: {FORMS}.")


def open_shards(folder: Path) -> "EmbeddedSet":
    """The set of an archive that `embed` wrote, whose images are those of the set it embedded.

    Raises:
        ExplorerError: no archive, or a damaged one.
    """
    # Here, for it imports torch, which whoever opens phantoms or files may do without.
    from core.archive.embedded_set import open_embedded

    return open_embedded(folder, open_studies)


def _noted(spec: str) -> StudySet:
    """A set as notes change it: `trusted:SET` or `drawn:SET`, the set being all that follows."""
    form = re.fullmatch(r"(trusted|drawn)((?:,author=[^,:]+)*):(.+)", spec, re.DOTALL)
    if form is None:
        raise ExplorerError(f"'{spec}' names no study set; write trusted,author=NAME:SET.")
    # Here: a database takes its time, and most sets ask none.
    from core.records.notebook import Notebook
    from core.records.truth import drawn_truth, trusted

    authors = tuple(part.strip() for part in form[2].split(",author=")[1:])
    change = trusted if form[1] == "trusted" else drawn_truth
    notebook = Notebook()
    try:
        studies = change(open_studies(form[3]), notebook, authors)
    finally:
        notebook.close()
    studies.spec = spec
    return studies


def _selected(spec: str) -> StudySet:
    """The studies of a set that a file names: `only,FILE:SET`, the set being all that follows."""
    form = ONLY_FORM.fullmatch(spec)
    if form is None:
        raise ExplorerError(f"'{spec}' names no study set; write only,FILE.json:SET or FILE.csv.")
    studies = selected(open_studies(form[2]), Path(form[1]).expanduser())
    studies.spec = spec
    return studies


def phantom_count(spec: str) -> int:
    """How many phantoms `phantom:...` names, without drawing one.

    Raises:
        ExplorerError: as `open_studies`.

    >>> phantom_count("phantom:train,n=2000")
    2000
    """
    return _phantom_values(spec)[1]


def _phantoms(spec: str) -> PhantomSet:
    named = spec.removeprefix("phantom:").strip()
    if named.lower().endswith(".txt"):
        return open_patients(named, spec)
    split, n, seed, size = _phantom_values(spec)
    return PhantomSet(split, n, seed, size, spec)


def _phantom_values(spec: str) -> tuple[str, int, int, int]:
    """Split, number, seed and size."""
    preset, values = PRESETS["test"], {"size": 224}
    for part in filter(None, (part.strip() for part in spec.removeprefix("phantom:").split(","))):
        name, _, number = part.partition("=")
        if not number and name in PRESETS:
            preset = PRESETS[name]
        elif name in _LIMITS:
            values[name] = _number(spec, name, number)
        else:
            known = ", ".join([*PRESETS, *(f"{key}=" for key in _LIMITS)])
            raise ExplorerError(f"'{part}' in '{spec}' is not known; known: {known}.")
    return preset.split, values.get("n", preset.n), values.get("seed", preset.seed), values["size"]


def _number(spec: str, name: str, text: str) -> int:
    low, high = _LIMITS[name]
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ExplorerError(
            f"{name} in '{spec}' must be a whole number from {low} to {high}; got '{text}'."
        )
    return int(text)
