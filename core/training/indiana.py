"""The sentences of the Indiana reports (Open-I), matched to findings by the reader.

The reports are CC BY-NC-ND: they may be read in training, and are not passed on, so that neither
they nor their sentences are part of this project.
"""

import re
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

from core.errors import ExplorerError
from core.language.claim import Claim
from core.language.reader import normalise, read
from core.paths import cxr_data

ARCHIVE = "NLMCXR_reports.tgz"
_END = re.compile(r"(?<=[.!?])\s+|\n")
_LONGEST = 20  # words; longer sentences say many things at once, and cost as much
_MASKED = "xxxx"  # what stands in the reports for what could name a patient


def find_reports() -> Path | None:
    """The archive of the reports: in `CXR_DATA` or the package torchxrayvision; None if none."""
    folder = cxr_data()
    places = [folder / "openi_reports" / ARCHIVE, folder / ARCHIVE] if folder else []
    package = find_spec("torchxrayvision")
    if package and package.submodule_search_locations:
        places.append(Path(package.submodule_search_locations[0]) / "data" / ARCHIVE)
    return next((place for place in places if place.is_file()), None)


def further_sentences(reports: str) -> list[str]:
    """The sentences that the setting `sentences` names; none for "".

    Raises:
        ExplorerError: "indiana", and this computer has no archive of them; the archive is damaged.
    """
    if not reports:
        return []
    path = find_reports() if reports == "indiana" else Path(reports)
    if path is None:
        raise ExplorerError(
            f"sentences = \"indiana\": there is no {ARCHIVE} here; install torchxrayvision, which "
            "has it, or give the path of the archive."
        )
    return [text for text in indiana_sentences(path) if len(text.split()) <= _LONGEST]


def indiana_sentences(path: Path, masked: bool = False) -> list[str]:
    """Distinct sentences of findings and impressions, normalised, of two words or more, sorted.

    Args:
        path: the archive, or a folder of its XML files.
        masked: keep sentences in which a word was struck out ("XXXX") for privacy.

    Raises:
        ExplorerError: the archive is damaged.
    """
    from core.studies.public.open_i import read_reports

    reports, _ = read_reports(path)
    parts = {normalise(part) for report in reports for part in _END.split(report.text)}
    return sorted(p for p in parts if len(p.split()) > 1 and (masked or _MASKED not in p))


def indiana_claims(path: Path, masked: bool = False) -> dict[str, list[Claim]]:
    """What each sentence claims; sentences that claim nothing are left out.

    Raises:
        ExplorerError: the archive is damaged.
    """
    claims = {sentence: read(sentence) for sentence in indiana_sentences(path, masked)}
    return {sentence: said for sentence, said in claims.items() if said}


def indiana_statements(path: Path, masked: bool = False) -> dict[tuple[str, str], list[str]]:
    """Sentences by what they claim: {(finding, polarity): sentences}.

    A sentence that claims several things is in several lists.

    Raises:
        ExplorerError: the archive is damaged.
    """
    lists: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sentence, claims in indiana_claims(path, masked).items():
        for key in dict.fromkeys((claim.finding, claim.polarity) for claim in claims):
            lists[key].append(sentence)
    return dict(sorted(lists.items()))
