"""What the wheel declares: requirements.txt, the one list of what the project imports itself."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINE = "# Tests and checks\n"


class Requirements(MetadataHookInterface):
    """Dependencies above the line, those of the extra `dev` below it."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling when it builds."""
        text = Path(self.root, "requirements.txt").read_text(encoding="utf-8")
        app, dev = map(_requirements, text.split(LINE))
        metadata["dependencies"], metadata["optional-dependencies"] = app, {"dev": dev}


def _requirements(lines: str) -> list[str]:
    stripped = (line.strip() for line in lines.splitlines())
    return [line for line in stripped if line and line[0] not in "#-"]
