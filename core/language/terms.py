"""How reports name findings: `assets/language/terms.toml`, for lower-case American text."""

import re
import tomllib
from functools import cache
from pathlib import Path

from core.errors import ExplorerError
from core.language.claim import FINDINGS
from core.paths import ASSETS

FILE = ASSETS / "language" / "terms.toml"


@cache
def terms(file: Path = FILE) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Finding, kind, and how it is named; kinds are those of the table, some not of `KINDS`.

    Raises:
        ExplorerError: the file cannot be read, or holds a pattern that is none.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        parts: dict[str, str] = {}
        for name, words in table["patterns"].items():  # each may use those above it
            joined = _filled("|".join(words), parts)
            parts[name] = joined if len(words) == 1 else f"(?:{joined})"
        rows = [
            (str(row["finding"]), str(row.get("kind", "")), _filled("|".join(row["words"]), parts))
            for row in table["term"]
        ]
        unknown = {finding for finding, _, _ in rows} - set(FINDINGS)
        if unknown:
            raise KeyError(*unknown)
        return tuple(
            (finding, kind, re.compile(rf"(?<![\w-])(?:{pattern})(?![\w])"))
            for finding, kind, pattern in rows
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, re.error, KeyError) as error:
        raise ExplorerError(f"{file.name}, the reader's words, cannot be read: {error}.") from None


def _filled(pattern: str, parts: dict[str, str]) -> str:
    return re.sub(r"<(?!\w*[=!])([a-z_]+)>", lambda match: parts[match[1]], pattern)


SKIPPED = re.compile(
    r"pericardial effusions?|lymph nodes?|(?:hernia|mesh) repair|vertebral (?:body )?scar|"
    r"cystic fibrosis|heart and lungs|mass effect|pleural surfaces?|heart valves?|line of|"
    r"post[- ]?(?:operative|surgical) (?:scar\w*)|soft tissue edema|cardiac valves?|in line with|"
    r"subcutaneous (?:emphysema|edema)|(?:skin|suture|midline|air) ?lines?|tubing tip|knee\b|"
    r"fractured (?:\w+ )?sternotomy|(?:breast|axillary|hilar) mass(?:es)?|retained tubes?|"
    r"menisc\w+ (?:of|tears?)|torn menisc\w+|thyroid nodules?|herniated (?:\w+ )?dis[ck]s?|"
    r"(?:disc|disk|lumbar|inguinal|umbilical) hernia\w*|"
    r"(?:brain|colon|breast|bone|kidney|renal|liver|hepatic|skin) "
    r"(?:tumors?|mass(?:es)?|lesions?|nodules?|cancers?|edema)|"
    r"(?:prior|previous|old|remote)(?: \w+){0,3} (?:infection|pneumonia)"
)
"""Words that look like a finding and are not."""
