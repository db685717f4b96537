"""Prompts: for each finding the sentences that say it is there and those that say it is not.

Both sides are ensembles. They are written in the language of reports: "support devices" stands in
few reports and finds little, a prompt for each device finds much more.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.paths import ASSETS

MAX_PROMPT_CHARACTERS = 300
MAX_PROMPTS = 200
"""Most prompts in one set, all findings and both sides together."""
MAX_FILE_BYTES = 1_000_000

SHAPE = '{"Finding": {"positive": ["..."], "negative": ["..."]}}'
"""The shape of a prompt file, as error sentences quote it."""


def check_prompt(text: str) -> str:
    """The prompt with its white space tidied, or a refusal that says what is wrong.

    Text in any script passes: whether the tokenizer of a model knows it is for the model to say.

    Raises:
        ExplorerError: no letter or digit in it, over 300 characters, or control characters.

    >>> check_prompt("  left   pleural effusion ")
    'left pleural effusion'
    """
    tidy = " ".join(text.split())
    if not any(character.isalnum() for character in tidy):
        raise ExplorerError('The prompt is empty; write a few words, such as "pleural effusion".')
    if len(tidy) > MAX_PROMPT_CHARACTERS:
        raise ExplorerError(
            f'The prompt "{tidy[:30]}..." has {len(tidy)} characters; '
            f"shorten it to {MAX_PROMPT_CHARACTERS} at most."
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in tidy):
        raise ExplorerError(
            f"The prompt {ascii(tidy[:30])} holds control characters; type it again as plain text."
        )
    return tidy


@dataclass(frozen=True)
class FindingPrompts:
    """The prompts of one finding; each side has at least one, checked and tidied.

    Raises:
        ExplorerError: a side is empty, or one of its prompts is refused by `check_prompt`.
    """

    positive: tuple[str, ...]
    negative: tuple[str, ...]

    def __post_init__(self) -> None:
        for side in ("positive", "negative"):
            prompts = tuple(check_prompt(text) for text in getattr(self, side))
            if not prompts:
                raise ExplorerError(f"There is no {side} prompt; give at least one.")
            object.__setattr__(self, side, prompts)


def against_negation(texts: Sequence[str]) -> FindingPrompts:
    """Free texts against their plain negations.

    >>> against_negation(["Small effusion."]).negative
    ('no Small effusion',)
    """
    plain = tuple(text.strip().rstrip(".") for text in texts)
    return FindingPrompts(plain, tuple(f"no {text}" for text in plain))


class PromptSet(Mapping[str, FindingPrompts]):
    """Findings in order, each with its prompts. Immutable and hashable: edits give a new set.

    Raises:
        ExplorerError: no finding, a finding without a name, or over 200 prompts in all.
    """

    def __init__(self, findings: Mapping[str, FindingPrompts]) -> None:
        if not findings:
            raise ExplorerError("There is no finding to prompt for; add at least one.")
        self._findings = {_finding_name(name): prompts for name, prompts in findings.items()}
        count = sum(len(each.positive) + len(each.negative) for each in self._findings.values())
        if count > MAX_PROMPTS:
            raise ExplorerError(
                f"There are {count} prompts; remove some, {MAX_PROMPTS} at most are scored at once."
            )

    def __getitem__(self, finding: str) -> FindingPrompts:
        return self._findings[finding]

    def __iter__(self) -> Iterator[str]:
        return iter(self._findings)

    def __len__(self) -> int:
        return len(self._findings)

    def __hash__(self) -> int:
        return hash(frozenset(self._findings.items()))

    def __repr__(self) -> str:
        return f"PromptSet({', '.join(self._findings)})"

    @classmethod
    def from_templates(
        cls,
        findings: Iterable[str],
        positive: Sequence[str] = ("{}",),
        negative: Sequence[str] = ("no {}",),
    ) -> "PromptSet":
        """The same templates for every finding, "{}" standing for its name.

        The default templates with CheXpert's names are those of CheXzero (Tiu et al., 2022).

        >>> PromptSet.from_templates(["Edema"])["Edema"].negative
        ('no Edema',)
        """
        for template in (*positive, *negative):
            if "{}" not in template:
                raise ExplorerError(
                    f'The template "{template[:30]}" has no "{{}}"; put it where the finding goes.'
                )
        return cls(
            {
                name: FindingPrompts(
                    tuple(template.replace("{}", name) for template in positive),
                    tuple(template.replace("{}", name) for template in negative),
                )
                for name in findings
            }
        )

    def with_finding(self, name: str, prompts: FindingPrompts) -> "PromptSet":
        """A set in which the finding has these prompts: replaced in place, or added at the end."""
        return PromptSet({**self._findings, _finding_name(name): prompts})

    def without_finding(self, name: str) -> "PromptSet":
        """A set that lacks the finding; an unknown name changes nothing."""
        return PromptSet({key: each for key, each in self._findings.items() if key != name})

    def all_texts(self) -> list[str]:
        """Every prompt once, in order: what has to be encoded to score the set."""
        return list(
            dict.fromkeys(
                text
                for prompts in self._findings.values()
                for text in (*prompts.positive, *prompts.negative)
            )
        )

    def to_json(self) -> str:
        """The text of a prompt file, which `from_json` reads back to an equal set."""
        shape = {
            name: {"positive": list(each.positive), "negative": list(each.negative)}
            for name, each in self._findings.items()
        }
        return json.dumps(shape, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, source: str = "The prompts") -> "PromptSet":
        """Read the text of a prompt file.

        Args:
            text: JSON of the shape {"Finding": {"positive": ["..."], "negative": ["..."]}}.
            source: how error sentences name it, such as its file name.

        Raises:
            ExplorerError: not JSON, of another shape, or with a prompt that is refused.
        """
        try:
            content = json.loads(text, object_pairs_hook=_unique)
        except ExplorerError as error:
            raise ExplorerError(f"{source}: {error}") from error
        except (ValueError, RecursionError) as error:
            where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise ExplorerError(f"{source} is not JSON{where}; write it as {SHAPE}.") from error
        if not isinstance(content, dict):
            raise ExplorerError(f"{source} holds no findings; write it as {SHAPE}.")
        findings = {name: _from_entry(name, entry, source) for name, entry in content.items()}
        try:
            return cls(findings)
        except ExplorerError as error:
            raise ExplorerError(f"{source}: {error}") from error


def load_prompts(path: Path | str) -> PromptSet:
    """Read a prompt file (`--prompts FILE`).

    Raises:
        ExplorerError: the file is missing, unreadable or over 1 MB, or its content is refused.
    """
    path = Path(path)
    return PromptSet.from_json(prompt_file_text(path), path.name)


def prompt_file_text(path: Path) -> str:
    """The text of a file of prompts, whatever its shape.

    Raises:
        ExplorerError: the file is missing, over 1 MB, or no UTF-8 text.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ExplorerError(
                f"{path.name} has {size} bytes, too many for a prompt file; "
                f"give one under {MAX_FILE_BYTES} bytes."
            )
        return path.read_text(encoding="utf-8-sig")  # some editors put a byte order mark first
    except FileNotFoundError as error:
        raise ExplorerError(f"There is no prompt file {path}; check the path.") from error
    except UnicodeDecodeError as error:
        raise ExplorerError(f"{path.name} is not UTF-8 text; save it as UTF-8 JSON.") from error
    except OSError as error:
        raise ExplorerError(
            f"The prompt file {path} cannot be read ({error.strerror}); give a JSON file."
        ) from error


@cache
def default_prompts() -> PromptSet:
    """The prompts for the findings of the phantoms (assets/prompts/default.json)."""
    return load_prompts(ASSETS / "prompts" / "default.json")


def prompts_for(findings: Iterable[str]) -> PromptSet:
    """Default prompts for these findings, in their order.

    Findings without prompts of their own get "{}" and "no {}"; CheXpert's names in lower case, as
    they stand inside a report's sentence.

    >>> prompts_for(["Pneumonia"])["Pneumonia"]
    FindingPrompts(positive=('pneumonia',), negative=('no pneumonia',))
    """
    known = default_prompts()
    chosen: dict[str, FindingPrompts] = {}
    for name in findings:
        spoken = name.lower() if name in PATHOLOGIES else name
        plain = PromptSet.from_templates([spoken])[_finding_name(spoken)]
        chosen[name] = known.get(name, plain)
    return PromptSet(chosen)


def _finding_name(name: str) -> str:
    try:
        return check_prompt(name)
    except ExplorerError as error:
        raise ExplorerError(
            f"A finding needs a short name in plain text, not {ascii(name[:30])}."
        ) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys differ; by itself Python keeps the last of equal keys in silence."""
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ExplorerError(f'"{key}" is given twice; keep one of them.')
    return dict(pairs)


def _from_entry(name: str, entry: object, source: str) -> FindingPrompts:
    """The prompts of one finding of a file, whose shape is not trusted."""
    if not isinstance(entry, dict) or set(entry) != {"positive", "negative"}:
        raise ExplorerError(
            f'{source}: "{name}" needs the lists "positive" and "negative"; write it as {SHAPE}.'
        )
    for side, prompts in entry.items():
        if not isinstance(prompts, list) or not all(isinstance(text, str) for text in prompts):
            raise ExplorerError(
                f'{source}: "{side}" of "{name}" must be a list of texts, such as ["cardiomegaly"].'
            )
    try:
        return FindingPrompts(tuple(entry["positive"]), tuple(entry["negative"]))
    except ExplorerError as error:
        raise ExplorerError(f'{source}, "{name}": {error}') from error
