"""Published sets by spec string: `NAME:FOLDER`, the folder as its publisher ships it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from os.path import exists
from pathlib import Path

from core.errors import ExplorerError
from core.films.view import FRONTAL, FRONTAL_VIEWS
from core.studies.folds import ManifestOptions, apply_options, parse_options
from core.studies.public.base import PublicSet
from core.studies.public.chestx_det10 import open_chestx_det10
from core.studies.public.chexlocalize import open_chexlocalize
from core.studies.public.chexpert import TRAIN_TABLES, open_chexpert
from core.studies.public.chexpert_plus import SECTIONS, open_chexpert_plus
from core.studies.public.covid import open_covid
from core.studies.public.mimic_cxr import LABELLERS, open_mimic_cxr
from core.studies.public.ms_cxr import open_ms_cxr
from core.studies.public.nih import open_nih
from core.studies.public.open_i import open_open_i
from core.studies.public.padchest import open_padchest
from core.studies.public.rsna import open_rsna
from core.studies.public.siim import open_siim
from core.studies.public.vindr import open_vindr
from core.studies.study import StudySet

__all__ = ["SETS", "PublicSet", "open_public"]


@dataclass(frozen=True)
class Published:
    """How a set opens, and the options that only it has."""

    open: Callable[..., PublicSet]
    labels: tuple[str, ...] = ()  # whose labels can be chosen; the first is the default
    folders: tuple[str, ...] = ()  # options that name another folder


SETS: dict[str, Published] = {
    "open-i": Published(open_open_i),
    "mimic-cxr": Published(open_mimic_cxr, LABELLERS, ("reports",)),
    "chexpert": Published(open_chexpert, tuple(TRAIN_TABLES)),
    "chexpert-plus": Published(open_chexpert_plus, SECTIONS, ("images",)),
    "nih": Published(open_nih),
    "rsna": Published(open_rsna),
    "vindr": Published(open_vindr),
    "padchest": Published(open_padchest),
    "siim": Published(open_siim),
    "covid": Published(open_covid),
    "ms-cxr": Published(open_ms_cxr, folders=("images",)),
    "chexlocalize": Published(open_chexlocalize),
    "chestx-det10": Published(open_chestx_det10, folders=("images",)),
}
_SPLITS = {"valid": "val", "validate": "val"}
_GENERAL = ("fold", "without", "derive")
_FORM = re.compile(r"(.*?)((?:,[a-z]+=[^,=]+)*)")


def open_public(spec: str) -> StudySet:
    """Open a published set.

    Args:
        spec: `NAME:FOLDER` with a name of SETS, then any of `,split=test` (train, val, test),
            `,view=frontal` (or PA, AP, L), the set's own options, and those of a manifest.

    Raises:
        ExplorerError: no such folder or option, or a folder without the tables and images.
    """
    name, _, rest = spec.partition(":")
    published = SETS[name.lower()]
    form = _FORM.fullmatch(rest)
    folder, text = (form[1], form[2]) if form else (rest, "")
    own, general = _options(spec, published, text)
    split, view = own.pop("split", None), own.pop("view", None)
    arguments = {key: _folder(value) if key in published.folders else value
                 for key, value in own.items()}  # fmt: skip
    studies: StudySet = published.open(_folder(folder), **arguments)
    for column, wanted in (("split", split), ("view", view)):
        if wanted is not None:
            studies = _filtered(studies, spec, column, wanted)
    if general.derive:
        studies.reports  # noqa: B018 - those in files of their own are read, to see which lack
    studies = apply_options(studies, general)
    studies.spec = spec
    return studies


def _options(spec: str, published: Published, text: str) -> tuple[dict[str, str], ManifestOptions]:
    own: dict[str, str] = {}
    general = ""
    mine = ("split", "view", *(("labels",) if published.labels else ()), *published.folders)
    for part in filter(None, text.split(",")):
        key, _, value = part.partition("=")
        if key in _GENERAL:
            general += f",{part}"
        elif key not in mine or key in own:
            known = ", ".join(f"{option}=" for option in (*mine, *_GENERAL))
            raise ExplorerError(f"'{part}' in '{spec}' is not known; known: {known}.")
        elif key == "labels" and value not in published.labels:
            known = ", ".join(published.labels)
            raise ExplorerError(f"'{value}' in '{spec}' gives no labels; known: {known}.")
        else:
            own[key] = value
    return own, parse_options(spec, general)


def _folder(text: str) -> Path:
    if text.startswith(("\\\\", "//")):
        raise ExplorerError("Network paths are not opened; copy the set to a local folder.")
    path = Path(text.strip()).expanduser()
    if not text.strip() or not exists(path):
        raise ExplorerError(f"There is no folder '{text.strip()}'; check the path after the colon.")
    return path.resolve()


def _filtered(studies: StudySet, spec: str, column: str, wanted: str) -> StudySet:
    values = studies.table[column]
    accepted = (*FRONTAL_VIEWS, FRONTAL) if wanted == "frontal" else (_SPLITS.get(wanted, wanted),)
    rows = [int(row) for row in values.isin(accepted).to_numpy().nonzero()[0]]
    if not rows:
        known = ", ".join(sorted(value for value in set(values) if value)) or "none"
        raise ExplorerError(f"'{spec}' has no study of {column} '{wanted}'; it has: {known}.")
    return studies.subset(rows)
