"""Between a model and its callers: preprocessing, encodings that are kept, and what follows.

A predictor is shared by all sessions of the app: its model stays in eval mode, and nothing is
stored on it or hooked into it, so that threads need not wait for each other.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import ExplorerError
from core.inference.encoded_set import EncodedSet, encodings_of
from core.inference.images import Forms, Images
from core.inference.lanes import Lanes
from core.inference.map_choice import MapSearch
from core.inference.place import PLACE, PlaceThreshold, without_place
from core.inference.prompts import PromptSet, check_prompt
from core.inference.regions import Regions, find_regions
from core.inference.set_cache import (
    cached_encoding,
    has_encoding,
    kept_encoding,
    kept_image_features,
)
from core.inference.text_memo import TextMemo
from core.inference.zero_shot import Scores, zero_shot
from core.lrclr.checkpoint import MAPS, load_model, stored_maps
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.progress import Progress
from core.studies import StudySet, images_or_reasons
from core.studies.study import Subset
from core.weights import weights_hash

_BATCH, _LANE_BATCH = 32, 8
T = TypeVar("T")


class Predictor:
    """Scores, regions and maps of one model; see the module."""

    def __init__(
        self, model: LRCLR, name: str, map_search: MapSearch | None = None,
        place: PlaceThreshold | None = None, lanes: Lanes | None = None,
    ) -> None:  # fmt: skip
        """Take a model.

        Args:
            map_search: how well its maps pointed on validation, where that was measured.
            place: from what evidence on a text has a place, where that was measured.
            lanes: where its passes over films are worked on, among those of other callers; by
                default in the thread that asks.
        """
        self.model, self.name = model.eval().requires_grad_(False), name
        self.map_search, self.place = map_search, place
        self.model_hash = weights_hash(model, repr((model.config, model.backbone.preprocess)))
        self._texts, self.lanes = TextMemo(model), lanes

    @torch.no_grad()
    def encode_image(self, image: NDArray[np.floating]) -> ImageEncoding:
        """Encode one image (H, W) in 0..255 as a batch of 1."""
        pixels = self.model.backbone.preprocess(image)[None]
        return self._once(pixels, lambda: self.model.encode_image(pixels.to(self.model.device)))

    def _once(self, pixels: Tensor, work: Callable[[], T]) -> T:
        """A pass over films in a lane, once for all who ask for the same pixels meanwhile."""
        if self.lanes is None:
            return work()
        content = sha256(pixels.contiguous().numpy().tobytes()).digest()
        return self.lanes.run(("pass", self.model_hash, content), torch.no_grad()(work))

    def encode_set(self, studies: StudySet, progress: Progress | None = None) -> ImageEncoding:
        """Encode every image of a set; kept on disk for the next time.

        An image that cannot be read is left out: its row is NaN, see `ImageEncoding.readable` and
        `unreadable`.

        Raises:
            ExplorerError: no image can be read.
        """
        if (encoded := self._encodings(studies)) is not None:
            return encoded.whole_encoding()
        part = self._part_of_kept(studies)
        if part is not None and part.readable.any():
            return part
        return cached_encoding(self._key(studies), lambda: self._encode_all(studies, progress))

    def image_features(
        self, studies: StudySet, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Global features (N, d) of `encode_set`; where they are kept, its patches are not read.

        Raises:
            ExplorerError: as `encode_set`.
        """
        if (encoded := self._encodings(studies)) is not None:
            return encoded.image_features()
        kept = kept_image_features(self._key(studies))
        if kept is None:
            kept = self.encode_set(studies, progress).image_features
        return np.asarray(kept.cpu().numpy(), np.float32)

    def has_encoded(self, studies: StudySet) -> bool:
        """Whether a set's encodings are at hand, so that `encode_set` reads no film.

        Raises:
            ExplorerError: they are another model's.
        """
        if self._encodings(studies) is not None or has_encoding(self._key(studies)):
            return True
        return isinstance(studies, Subset) and self.has_encoded(studies.parent)

    def _part_of_kept(self, studies: StudySet) -> ImageEncoding | None:
        """Rows of a larger set's encodings, where these are kept and its own are not."""
        if not isinstance(studies, Subset) or has_encoding(self._key(studies)):
            return None
        whole = kept_encoding(self._key(studies.parent)) or self._part_of_kept(studies.parent)
        return None if whole is None else whole.rows(torch.tensor(studies.rows))

    def _key(self, studies: StudySet) -> str:
        """Names the encodings of a set by this model."""
        return sha256(f"{self.model_hash}|{studies.fingerprint}".encode()).hexdigest()[:24]

    @torch.no_grad()
    def _encode_all(self, studies: StudySet, progress: Progress | None) -> ImageEncoding:
        parts, waiting, reasons = [], [], []
        preprocess = self.model.backbone.preprocess
        nothing = torch.full((preprocess.channels, preprocess.size, preprocess.size), torch.nan)
        for done, image in enumerate(images_or_reasons(studies), start=1):
            if isinstance(image, str):
                reasons.append(image)
            waiting.append(nothing if isinstance(image, str) else preprocess(image))
            # Others' passes go between in a lane, so that a large set keeps nobody waiting.
            if len(waiting) == (_LANE_BATCH if self.lanes else _BATCH) or done == len(studies):
                pixels = torch.stack(waiting)
                parts.append(self._once(pixels, partial(self._encode_batch, pixels)))
                waiting = []
                if progress:
                    progress(done, len(studies))
        if len(reasons) == len(studies):
            raise ExplorerError(f"No image of '{studies.spec}' can be read. {reasons[0]}")
        return ImageEncoding.cat(parts)

    def _encode_batch(self, pixels: Tensor) -> ImageEncoding:
        """Encode (B, C, h, w); images of NaN, which could not be read, stay NaN."""
        lost = pixels.isnan().flatten(1).any(dim=1).to(self.model.device)
        # Zeros in their place: a model may not get along with NaN.
        found = self.model.encode_image(pixels.nan_to_num(0.0).to(self.model.device))
        return replace(
            found,
            image_features=found.image_features.masked_fill(lost[:, None], torch.nan),
            patch_features=found.patch_features.masked_fill(lost[:, None, None], torch.nan),
        )

    def encode_texts(self, texts: list[str]) -> TextEncoding:
        """Encode texts; each is remembered, so that editing one prompt costs one prompt.

        Raises:
            ExplorerError: no text, an empty or an overlong one.
        """
        if not texts:
            raise ExplorerError("There is no prompt; type at least one word.")
        return self._texts.encode([check_prompt(text) for text in texts])

    def score(self, images: ImageEncoding, prompts: PromptSet) -> Scores:
        """Zero-shot scores, one (B, F) array for each of `zero_shot.SCORES`."""

        def work() -> Scores:
            texts = self.encode_texts(prompts.all_texts())
            return zero_shot(self.model, images, texts, prompts)

        return self.in_lane(work)

    def in_lane(self, work: Callable[[], T]) -> T:
        """Have something done among the passes of other callers, where there are lanes."""
        return work() if self.lanes is None else self.lanes.run(object(), work)

    def score_set(
        self, studies: StudySet, prompts: PromptSet, progress: Progress | None = None
    ) -> Scores:
        """Zero-shot scores of a whole set, (B, F) each; of an archive's from its shards.

        Raises:
            ExplorerError: an image cannot be read, or another model made the shards.
        """
        encoded = self._encodings(studies)
        if encoded is None:
            return self.score(self.encode_set(studies, progress), prompts)
        texts = self.encode_texts(prompts.all_texts())
        return encoded.scores(self.model, texts, prompts, progress)

    @property
    def nbytes(self) -> int:
        """Bytes of the weights."""
        tensors = [*self.model.parameters(), *self.model.buffers()]
        return sum(tensor.nbytes for tensor in tensors)

    def images(self, studies: StudySet, row: int, forms: Forms | None = None) -> Images:
        """One study, a batch of 1, in every form; an archive's encoding comes from its shards.

        Args:
            forms: of the study by this model, where some were kept.

        Raises:
            ExplorerError: another model made the shards; and when a form is asked for, the image
                cannot be read.
        """
        preprocess, encoded = self.model.backbone.preprocess, self._encodings(studies)
        kept = None if encoded is None else partial(encoded.encoding, np.array([row]))
        return Images(
            self.model, lambda: preprocess(studies.image(row))[None], kept, self._once, forms
        )  # fmt: skip

    def encode_row(self, studies: StudySet, row: int) -> ImageEncoding:
        """Encoding of one study, a batch of 1; of an archive's from its shards."""
        return self.images(studies, row).encoding

    def _encodings(self, studies: StudySet) -> EncodedSet | None:
        """The set, where it has encodings by this model.

        Raises:
            ExplorerError: it has another model's.
        """
        encoded = encodings_of(studies)
        if encoded is not None:
            encoded.check_model(self.name, self.model_hash)
        return encoded

    def regions(self, image: ImageEncoding, texts: list[str], shape: tuple[int, int]) -> Regions:
        """Selected regions of one image for texts; boxes in pixels of an image of `shape`."""
        encoded = self.encode_texts(texts)
        found = find_regions(self.model, image, encoded, shape, self.model.config.k)
        return replace(found, no_place=without_place(found, texts, self.place))

    @torch.no_grad()
    def similarity_map(self, image: ImageEncoding, texts: list[str]) -> NDArray[np.float32]:
        """Mean cosine of every patch of one image with the texts, (h, w)."""
        cosine = self.model.similarity(image, self.encode_texts(texts))[0].mean(dim=0)
        return cosine.view(image.grid).cpu().numpy()


def unreadable(studies: StudySet, readable: NDArray[np.bool_]) -> tuple[str, ...]:
    """Which studies of a set, where `readable` (n,) is False, have no image and why.

    They are read once more to say why, so that no sentence about a file is kept on disk.
    """
    found = []
    for row in np.flatnonzero(~readable):
        try:
            studies.image(int(row))
            reason = "it could not be read when the set was encoded."
        except ExplorerError as error:
            reason = str(error)
        found.append(f"{studies.study_id(int(row))}: {reason}")
    return tuple(found)


def own_scores(
    studies: EncodedSet, prompts: PromptSet, progress: Progress | None = None
) -> Scores:
    """Scores of a set by the model that encoded it, which is loaded only if they need it.

    Raises:
        ExplorerError: as `Predictor.score_set` and `load_predictor`.
    """
    scores = studies.scores_alone(prompts, progress)
    if scores is not None:
        return scores
    return load_predictor(studies.model).score_set(studies, prompts, progress)


def load_predictor(spec: str, lanes: Lanes | None = None) -> Predictor:
    """A predictor by model spec.

    Args:
        lanes: where its passes over films are worked on, see `Predictor`.

    Raises:
        ExplorerError: as `core.lrclr.checkpoint.load_model`.
    """
    return Predictor(load_model(spec), spec, _map_search(spec), _place(spec), lanes)


def _place(spec: str) -> PlaceThreshold | None:
    stored = stored_maps(spec, PLACE)
    try:
        return None if stored is None else PlaceThreshold.from_json(stored)
    except ValueError:
        raise ExplorerError(
            f"The threshold of places in the config.json of '{spec}' is damaged; remove its entry "
            f"'{PLACE}' and make it again with `python -m core localize --model {spec} "
            "--data phantom:val --methods lrclr --save-place`."
        ) from None


def _map_search(spec: str) -> MapSearch | None:
    stored = stored_maps(spec)
    try:
        return None if stored is None else MapSearch.from_json(stored)
    except ValueError:
        raise ExplorerError(
            f"The search of maps in the config.json of '{spec}' is damaged; remove its entry "
            f"'{MAPS}' and make it again with `python -m core rivals --model {spec} --save`."
        ) from None
