"""Zero-shot scores of an archive, without its images: a new prompt costs one pass over features.

What each text says of every study is remembered, so that an edited prompt is computed and the
others are not. The global scores of a new text take one product with the image features, which are
in memory; the local score reads the patches, of which an archive has many times as much: from
memory where all fit `_HELD`, else from the shards.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from core.archive.embedded_set import Archive, EmbeddedSet
from core.inference.prompts import PromptSet
from core.inference.zero_shot import SCORES, Scores, combine, match, member_cosines, needs_match
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR

_HELD = 2**30  # bytes of patches that are kept in memory
_REMEMBERED = 2**28  # bytes of what texts say
_READ = 2048  # studies whose patches are read at once, from the shards
_AT_ONCE = 128  # studies scored at once: their patches fit the cores' own memory

Progress = Callable[[int, int], None]


class TextColumns:
    """What each text says of every study of an archive; safe to share between threads."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: OrderedDict[str, Tensor] = OrderedDict()  # (M + 2, n), as `columns`
        self._patches: Tensor | None = None
        self._lock = Lock()

    @torch.no_grad()
    def columns(
        self, model: LRCLR, texts: TextEncoding, progress: Progress | None = None
    ) -> Tensor:
        """Cosine for each of M members, local score and match logit, (M + 2, P, n)."""
        with self._lock:
            new = [row for row, text in enumerate(texts.texts) if text not in self._known]
            if new:
                made = self._compute(model, texts.rows(torch.tensor(new)), progress)
                for column, row in zip(made.unbind(dim=1), new, strict=True):
                    self._known[texts.texts[row]] = column.contiguous()
            for text in texts.texts:
                self._known.move_to_end(text)
            found = torch.stack([self._known[text] for text in texts.texts], dim=1)
            most = max(_REMEMBERED // (4 * len(found) * len(self._archive)), len(texts))
            while len(self._known) > most:
                self._known.popitem(last=False)
        return found

    def _compute(self, model: LRCLR, texts: TextEncoding, progress: Progress | None) -> Tensor:
        archive, members = self._archive, model.backbone.members
        found = torch.zeros(members + 2, len(texts), len(archive))
        cosines = member_cosines(archive.image_features, texts.text_features, members)
        found[:members] = cosines.transpose(1, 2)
        done = 0
        with_match = needs_match(model.config)
        for images in self._encodings(with_match):
            place = slice(done, done + len(images))
            found[members, :, place] = model.local_scores(images, texts).T
            if with_match:
                found[members + 1, :, place] = match(model, images, texts).T
            done += len(images)
            if progress and (done % _READ < _AT_ONCE or done == len(archive)):
                progress(done, len(archive))
        return found

    def _encodings(self, whole: bool) -> Iterator[ImageEncoding]:
        """All studies, a few at a time; with the patches that were kept alone unless `whole`."""
        archive, made = self._archive, self._archive.description
        size = len(archive) * made.patch_count * made.width * 2
        if whole or (made.patches is None and self._model_selects()):
            for start in range(0, len(archive), _AT_ONCE):
                yield archive.encoding(np.arange(start, min(start + _AT_ONCE, len(archive))))
            return
        if size <= _HELD and self._patches is None:
            self._patches = archive.patches(np.arange(len(archive)))[0]
        for start in range(0, len(archive), _READ):
            stop = min(start + _READ, len(archive))
            held = self._patches
            patches = (
                archive.patches(np.arange(start, stop))[0] if held is None else held[start:stop]
            )
            for first in range(0, stop - start, _AT_ONCE):
                some = patches[first : first + _AT_ONCE].float()
                at = start + first
                images = archive.image_features[at : at + len(some)]
                yield ImageEncoding(images, some, None, made.grid)

    def _model_selects(self) -> bool:
        """Whether the model's selection, kept beside all patches, says which of them count."""
        return self._archive.patches(np.arange(1))[1] is not None


def archive_scores(
    model: LRCLR,
    studies: EmbeddedSet,
    texts: TextEncoding,
    prompts: PromptSet,
    progress: Progress | None = None,
) -> Scores:
    """Scores as `zero_shot` gives them, (B, F) each, of the studies of an archive.

    Args:
        texts: the encoding of `prompts.all_texts()`.
        progress: called with (done, total) studies while patches are read for new texts.
    """
    columns = studies.archive.columns.columns(model, texts, progress)
    if len(studies) < len(studies.archive):
        columns = columns[:, :, torch.from_numpy(studies.places)]
    *each, local, matched = (part.T for part in columns)
    found = combine(torch.stack(each), local, matched, texts, prompts, model.config)
    return {name: found[name].numpy() for name in SCORES}
