"""The view that a report was made from, kept in its file, so that the app can open it again."""

import json
import re
from dataclasses import asdict, dataclass, fields

from core.analysis.scored import SetIdentity
from core.analysis.scoring import check_score
from core.analysis.slices import check_metric
from core.analysis.threshold import parse_rule
from core.errors import ExplorerError

MAX_REPORT_BYTES = 100_000_000
_LATER = {"metric": "auc", "slice": "", "pairs": ""}
"""Of reports that were made before a view had these."""
_MARK = re.compile(rb'<script type="application/json" id="view">(.{2,4000}?)</script>', re.DOTALL)


@dataclass(frozen=True)
class ReportView:
    """What was looked at. Sets are named without their folders, and known by their fingerprint."""

    model: str
    model_hash: str
    data: str  # `SetIdentity.name`
    fingerprint: str
    finding: str
    score: str
    threshold: str  # as `parse_rule` takes it
    fit: str = ""  # name of the set that thresholds are fitted on; "" for the shown films
    fit_fingerprint: str = ""
    by_hand: str = ""  # threshold of the finding alone, set by hand; a number
    metric: str = "auc"  # of slices; reports of before know none, nor what follows
    slice: str = ""  # whose films are shown; "" the one that does worst
    pairs: str = ""  # "yes" where columns are also combined two at a time

    def is_of(self, identity: SetIdentity) -> bool:
        """Whether these are the very films that the report is of."""
        return identity.fingerprint == self.fingerprint

    def to_json(self) -> dict[str, str]:
        """Each field by its name."""
        return asdict(self)

    @classmethod
    def from_html(cls, content: bytes, name: str = "The file") -> "ReportView":
        """The view in a report's file, which is not trusted.

        Args:
            name: how sentences call the file.

        Raises:
            ExplorerError: it is over 100 MB, no report, or of another form than these are.
        """
        if len(content) > MAX_REPORT_BYTES:
            raise ExplorerError(f"{name} is over {MAX_REPORT_BYTES // 1_000_000} MB: no report.")
        mark = _MARK.search(content)
        if mark is None:
            raise ExplorerError(
                f"{name} is no report of this program; give a file that `report` wrote."
            )
        try:
            told = json.loads(mark[1])
        except ValueError:
            told = None
        named = {field.name for field in fields(cls)}
        if isinstance(told, dict):
            told = {**_LATER, **told}
        if (
            not isinstance(told, dict)
            or set(told) != named
            or not all(map(_is_short, told.values()))
        ):
            raise ExplorerError(
                f"{name} was made by another version, or changed since; make the report again."
            )
        view = cls(**told)
        parse_rule(view.threshold)
        if view.by_hand:
            parse_rule(view.by_hand)
        check_score(view.score)
        check_metric(view.metric)
        return view


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 300
