"""Zero-shot scores of an archive, without its images: a new prompt costs one pass over features.

What each text says of every study is remembered, and what each finding's prompts make of it, so
that an edited prompt is computed and the others are not. The global scores of a new text take one
product with the image features, which are in memory; the local score reads the patches, of which
an archive has many times as much: from memory where all fit `_HELD`, else from the shards. Where a
model reads them with each text, which takes milliseconds a study, a large archive's are kept on
disk: of the default prompts beside its shards (`own_texts`), of others in the cache.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.archive.archive import Archive
from core.archive.own_texts import OwnTexts
from core.archive.read_texts import read_texts
from core.inference.kept_array import keep_arrays, read_array
from core.inference.prompts import FindingPrompts, PromptSet
from core.inference.zero_shot import SCORES, Scores, combine, reads_words
from core.lrclr.config import LRCLRConfig
from core.lrclr.encodings import TextEncoding, member_cosines
from core.lrclr.losses import lse_pool
from core.lrclr.model import LRCLR
from core.progress import Progress

_HELD = 2**30  # bytes of patches that are kept in memory
_REMEMBERED = 2**28  # bytes of what texts say
_READ = 2**26  # bytes of patches that are scored, or read from the shards, at once
_WORTH = 2000  # studies from which what a model reads is kept on disk: its passes take seconds
_FEW = 2  # texts for which a pass each is quicker than turning patches to single precision
_IN_CACHE = 2048  # regions turned from half to single precision at once

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Scoring:
    """What makes scores of the features of images and texts."""

    config: LRCLRConfig
    members: int  # of an ensemble
    model: LRCLR | None = None  # whole, for what `patches_decide` denies


class TextColumns:
    """What texts, and the findings they make up, say of every study; safe to share by threads."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._texts: OrderedDict[str, Tensor] = OrderedDict()  # (M + 2, n) each
        self._findings: OrderedDict[FindingPrompts, dict[str, Vector]] = OrderedDict()  # (n,) each
        self._own = OwnTexts(archive)
        self._patches: Tensor | None = None
        self._lock = Lock()  # of what is remembered; held for moments
        self._passes = Lock()  # of who reads the patches, which may take a minute

    @torch.no_grad()
    def scores(
        self, scoring: Scoring, texts: TextEncoding, prompts: PromptSet, progress: Progress | None
    ) -> list[dict[str, Vector]]:
        """Scores of every study, (n,) each, for each finding of the prompts."""
        with self._lock:
            told = {one: self._findings[one] for one in prompts.values() if one in self._findings}
        changed = [one for one in prompts.values() if one not in told]
        used = {text for one in changed for text in (*one.positive, *one.negative)}
        columns = self._columns(scoring, texts, used, progress)
        for finding in changed:
            told[finding] = self._combined(scoring.config, texts, finding, columns)
        with self._lock:
            for finding in prompts.values():
                self._findings[finding] = told[finding]
                self._findings.move_to_end(finding)
            _trim(self._findings, 4 * len(SCORES) * len(self.archive), len(prompts))
        return [told[finding] for finding in prompts.values()]

    def _columns(
        self, scoring: Scoring, texts: TextEncoding, used: set[str], progress: Progress | None
    ) -> dict[str, Tensor]:
        """What each of the used texts says, (M + 2, n).

        Passes over the patches are made one after the other. Who asks for what is known already
        waits for none of them.
        """
        columns = self._known(scoring, used)
        if len(columns) < len(used):
            with self._passes:
                columns = self._known(scoring, used)  # another may have made them meanwhile
                rows = [row for row, text in enumerate(texts.texts)
                        if text in used and text not in columns]  # fmt: skip
                columns |= self._made(scoring, texts, rows, progress)
        with self._lock:
            for text, told in columns.items():
                self._texts[text] = told
                self._texts.move_to_end(text)
            _trim(self._texts, 4 * (scoring.members + 2) * len(self.archive), len(texts))
        return columns

    def _known(self, scoring: Scoring, used: set[str]) -> dict[str, Tensor]:
        """What is in memory, or on the disk where a model read it."""
        with self._lock:
            columns = {text: self._texts[text] for text in used if text in self._texts}
        missing = sorted(used - columns.keys())
        if missing and not self.patches_alone(scoring):
            own = self._own.columns(missing)
            kept = {text: own[text] if text in own else self._kept(scoring, text)
                    for text in missing}  # fmt: skip
            shape = (scoring.members + 2, len(self.archive))
            columns |= {text: torch.from_numpy(told) for text, told in kept.items()
                        if told is not None and told.shape == shape}  # fmt: skip
        return columns

    def _kept(self, scoring: Scoring, text: str) -> Vector | None:
        """What a text says, of the cache on the disk; None where it is not kept."""
        worth = len(self.archive) >= _WORTH
        return read_array(self._name(scoring, text)) if worth else None

    def _made(
        self, scoring: Scoring, texts: TextEncoding, rows: list[int], progress: Progress | None
    ) -> dict[str, Tensor]:
        """What some texts say, read from the patches, and kept where that takes seconds."""
        if not rows:
            return {}
        made = self._compute(scoring, texts.rows(torch.tensor(rows)), progress)
        columns = {texts.texts[row]: column.contiguous()
                   for column, row in zip(made.unbind(dim=1), rows, strict=True)}  # fmt: skip
        if not self.patches_alone(scoring) and len(self.archive) >= _WORTH:
            keep_arrays({self._name(scoring, text): told.numpy()
                         for text, told in columns.items()})  # fmt: skip
        return columns

    def _name(self, scoring: Scoring, text: str) -> str:
        """Under which a text's columns are kept: its model, settings and these embeddings."""
        made = self.archive.description
        told = repr((made.model_hash, scoring.config, self._features_hash, text))
        return f"columns/{sha256(told.encode()).hexdigest()[:24]}"

    @cached_property
    def _features_hash(self) -> str:
        """Of the very numbers: another machine's differ in the last bits."""
        features = self.archive.image_features.numpy()
        return sha256(self.archive.fingerprint.encode() + features.tobytes()).hexdigest()

    def _combined(
        self, config: LRCLRConfig, texts: TextEncoding, finding: FindingPrompts,
        said: dict[str, Tensor],
    ) -> dict[str, Vector]:  # fmt: skip
        rows = [row for row, text in enumerate(texts.texts)
                if text in (*finding.positive, *finding.negative)]  # fmt: skip
        own = texts.rows(torch.tensor(rows))
        # (M + 2, n, P), of which whole texts lie side by side, as they are kept and combined.
        columns = torch.stack([said[text] for text in own.texts], dim=1).transpose(1, 2)
        alone = PromptSet({"finding": finding})
        made = combine(columns[:-2], columns[-2], columns[-1], own, alone, config)
        return {name: made[name][:, 0].numpy() for name in SCORES}

    def _compute(self, scoring: Scoring, texts: TextEncoding, progress: Progress | None) -> Tensor:
        """Cosine with each of M members, local score and match logit, (M + 2, P, n)."""
        archive, members, model = self.archive, scoring.members, scoring.model
        if not self.patches_alone(scoring):
            if model is None:
                raise ValueError("these settings score with the model, and there is none")
            return read_texts(archive, model, texts, range(len(archive)), progress)
        found = torch.zeros(members + 2, len(texts), len(archive))
        cosines = member_cosines(archive.image_features, texts.text_features, members)
        found[:members] = cosines.transpose(1, 2)
        found[members + 1] = cosines.mean(dim=0).T  # the match where none is learned
        done = 0
        for patches in self._all_patches():
            place = slice(done, done + len(patches))
            cosines = _region_cosines(patches, texts.text_features)
            best = cosines.topk(min(scoring.config.k, cosines.shape[-1]), dim=-1).values
            found[members, :, place] = lse_pool(best, scoring.config.gamma).T
            done += len(patches)
            if progress:
                progress(done, len(archive))
        return found

    def patches_alone(self, scoring: Scoring) -> bool:
        """Whether texts are scored by the kept patches, without a pass of the model."""
        text_pools = scoring.model is not None and scoring.model.backbone.text_pools
        return self.patches_decide(scoring.config) and not text_pools

    def patches_decide(self, config: LRCLRConfig) -> bool:
        """Whether scores follow from the kept patches alone: no words and no picks by attention."""
        kept = self.archive.description.patches is not None
        selects = not kept and self.archive.patches(np.arange(1))[1] is not None
        return not selects and not reads_words(config)

    def _all_patches(self) -> Iterator[Tensor]:
        """The patches of all studies (m, K, d) float16, some at a time."""
        archive, made = self.archive, self.archive.description
        each = 2 * made.patch_count * made.width  # bytes
        if each * len(archive) <= _HELD and self._patches is None:
            self._patches = archive.patches(np.arange(len(archive)))[0]
        some = max(_READ // each, 1)
        for start in range(0, len(archive), some):
            stop = min(start + some, len(archive))
            held = self._patches
            yield archive.patches(np.arange(start, stop))[0] if held is None else held[start:stop]


def _region_cosines(patches: Tensor, texts: Tensor) -> Tensor:
    """Cosine of every patch (m, K, d) float16 with every text (P, d), (m, P, K) in fp32.

    Of few texts each takes a pass over the patches as they are, summed in single precision and
    rounded to half: cosines differ by 2e-4 at most. For more, a few thousand patches at a time are
    turned to single precision, which costs little more than reading them while they are in the
    cache.
    """
    flat = patches.flatten(0, 1)
    if len(texts) <= _FEW:
        found = torch.stack([flat @ text.half() for text in texts], dim=1).float()
        return found.view(*patches.shape[:2], -1).transpose(1, 2)
    columns, found = texts.T.contiguous(), torch.empty(len(flat), len(texts))
    single = torch.empty(min(_IN_CACHE, len(flat)), flat.shape[1])
    for start in range(0, len(flat), _IN_CACHE):
        some = flat[start : start + _IN_CACHE]
        torch.mm(single[: len(some)].copy_(some), columns, out=found[start : start + len(some)])
    return found.view(*patches.shape[:2], -1).transpose(1, 2)


def archive_scores(
    columns: TextColumns,
    places: NDArray[np.int64],
    model: LRCLR,
    texts: TextEncoding,
    prompts: PromptSet,
    progress: Progress | None = None,
) -> Scores:
    """Scores as `zero_shot` gives them, (B, F) each, of studies of an archive.

    Args:
        places: (B,), of the studies among the archive's.
        texts: the encoding of `prompts.all_texts()`.
        progress: called with (done, total) studies while patches are read for new texts.
    """
    scoring = Scoring(model.config, model.backbone.members, model)
    return _stacked(columns.scores(scoring, texts, prompts, progress), places)


def scores_alone(
    columns: TextColumns,
    places: NDArray[np.int64],
    prompts: PromptSet,
    progress: Progress | None = None,
) -> Scores | None:
    """`archive_scores` without the model, by the texts that the archive keeps with their features.

    None where that is not enough: other prompts, scores that read words or fuse image and text, or
    an archive of a version that kept no settings.

    Raises:
        ExplorerError: as `Archive.prompts`.
    """
    archive = columns.archive
    settings = archive.description.lrclr
    if not settings:
        return None
    config = LRCLRConfig.from_dict(settings)
    kept = archive.prompts()
    wanted = prompts.all_texts()
    if not columns.patches_decide(config) or not kept.keys() >= set(wanted):
        return None
    features = torch.from_numpy(np.stack([kept[text] for text in wanted]))
    count = len(wanted)
    texts = TextEncoding(
        features, features[:, None][:, :0], torch.zeros(count, 0, dtype=torch.bool),
        [[] for _ in wanted], tuple(wanted),
    )  # fmt: skip
    scoring = Scoring(config, archive.description.members)
    return _stacked(columns.scores(scoring, texts, prompts, progress), places)


def _stacked(findings: list[dict[str, Vector]], places: NDArray[np.int64]) -> Scores:
    """(B, F) each: stacked as rows, each of which is copied whole, and then turned."""
    return {name: np.stack([finding[name][places] for finding in findings]).T for name in SCORES}


def _trim(known: OrderedDict[Any, Any], size: int, least: int) -> None:
    """Forget what was used longest ago, above `_REMEMBERED` bytes of entries of `size`."""
    while len(known) > max(_REMEMBERED // size, least):
        known.popitem(last=False)
