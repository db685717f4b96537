"""What a run is told to do: its schedule, its loss weights, and all of a run together.

Imports nothing of the loop, so that a form, a command or a plan can hold settings.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import ExplorerError
from core.inference.prompts import check_prompt
from core.lrclr.config import LRCLRConfig
from core.precision import PRECISIONS

ALL = -1
"""As `last_blocks`: both towers train."""
LOSS_FORMS = ("sigmoid", "infonce", "balanced")
FOLLOWED = 4
"""Texts of one's own that a time-lapse follows, at most: each is read on each pinned film."""


@dataclass(frozen=True)
class Schedule:
    """How a run walks; everything a run needs besides its model, data and losses."""

    steps: int = 200
    batch_size: int = 32  # of all processes together
    chunk: int = 0  # images encoded at once by gradient caching, in less memory; 0: the batch
    learning_rate: float = 3e-4
    weight_decay: float = 0.05
    warmup: int = 100  # steps, at most a tenth of the run
    sentences_per_report: int = 2
    # Texts are statements whose truth is known of every image: own sentences, their contradictions
    # and each finding stated and denied (`core.training.statements`), in place of sentences alone.
    statements: bool = False
    statements_each: int = 1  # of each finding and polarity a step; more where only words train
    balance: bool = False  # with statements: images of rare findings come more often
    whole_reports: bool = False  # one text a report, where it fits the text tower
    # True: a sentence is a positive of every image whose report has it, and is drawn once a batch.
    # False, which scores better on radiographs (docs/evidence.md): of the image it was drawn for.
    shared_positives: bool = False
    keep: float = 1.0  # share of patch tokens kept by patch dropout
    side: int = 0  # pixels of the images that training shows, if not all that the model takes
    augment: float = 0.0  # above 0 a frozen stem must run at every step
    sharpness: float = 0.0  # share of the images that are blurred or sharpened
    stem: float = 0.0  # learning rate of a convolutional stem over that of the rest; 0 freezes it
    text_augment: float = 0.0  # share of the drawn sentences that are said in other words
    precision: str = "auto"  # "bf16", "fp32"; auto takes bf16 where the hardware multiplies it
    ema: float = 0.0  # decay of the averaged weights that are checked and kept; 0 averages nothing
    patience: int = 0  # checks without a better one after which the run ends; 0 never ends it
    freeze: tuple[str, ...] = ()  # beginnings of parameter names that do not train
    # Blocks at the end of the image tower that train, with what reads them out; the rest of both
    # towers stays as it is. 0: added layers alone; -1: both towers train.
    last_blocks: int = ALL
    layer_decay: float = 1.0  # learning rate of a block over that of the block after it
    seed: int = 0

    @property
    def wordings(self) -> int:
        """Statements of each finding to draw from: one a step, so that a short run starts soon."""
        return min(self.steps, 400) if self.statements else 0

    @property
    def needs_pixels(self) -> bool:
        """Whether steps change the images or train the stem, so that no stem's output is kept."""
        return bool(self.side or self.augment or self.sharpness or self.stem)

    def __post_init__(self) -> None:
        for name, fits, range_of in (
            ("steps", self.steps >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 2, "at least 2"),
            ("chunk", self.chunk >= 0, "at least 0"),
            ("learning_rate", self.learning_rate > 0, "above 0"),
            ("weight_decay", self.weight_decay >= 0, "at least 0"),
            ("warmup", self.warmup >= 0, "at least 0"),
            ("sentences_per_report", self.sentences_per_report >= 1, "at least 1"),
            ("keep", 0 < self.keep <= 1, "above 0 and at most 1"),
            ("side", self.side == 0 or self.side >= 32, "0 or at least 32"),
            ("statements_each", self.statements_each >= 1, "at least 1"),
            ("balance", self.statements or not self.balance, "false without statements"),
            ("augment", self.augment >= 0, "at least 0"),
            ("sharpness", 0 <= self.sharpness <= 1, "between 0 and 1"),
            ("stem", self.stem >= 0, "at least 0"),
            ("text_augment", 0 <= self.text_augment <= 1, "between 0 and 1"),
            ("precision", self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
            ("ema", 0 <= self.ema < 1, "at least 0 and below 1"),
            ("patience", self.patience >= 0, "at least 0"),
            ("last_blocks", self.last_blocks >= ALL, "at least -1"),
            ("layer_decay", 0 < self.layer_decay <= 1, "above 0 and at most 1"),
            ("seed", self.seed >= 0, "at least 0"),
        ):
            if not fits:
                raise ExplorerError(f"{name} must be {range_of}; got {getattr(self, name)}.")


@dataclass(frozen=True)
class Weights:
    """L = the weighted sum of L_global, L_local, L_match, L_nowhere and L_blank."""

    global_: float = 1.0
    local: float = 1.0
    match: float = 1.0
    form: str = "sigmoid"  # of LOSS_FORMS
    blank: float = 0.0  # above 0 a tenth of the patches is blanked at every step
    nowhere: float = 0.0  # the reader's weight lies on no region where a text is not true


def followed(texts: Iterable[str]) -> tuple[str, ...]:
    """Texts for a time-lapse, checked and tidied.

    Raises:
        ExplorerError: there are more than FOLLOWED, or one is no prompt.
    """
    tidy = tuple(dict.fromkeys(check_prompt(text) for text in texts))
    if len(tidy) > FOLLOWED:
        raise ExplorerError(
            f"A time-lapse follows {FOLLOWED} texts of one's own at most; got {len(tidy)}."
        )
    return tidy


@dataclass(frozen=True)
class FinetuneConfig:
    """What `finetune` needs; every part of the method is one value."""

    model: str = "demo-base"
    data: str = "phantom:train"
    check_data: str = ""  # empty: phantoms for phantoms, else patients held out of `data`
    # Reports whose sentences are said of the images, too, where statements are drawn: "indiana" for
    # the archive that this computer has, or its path.
    sentences: str = ""
    follow: tuple[str, ...] = ()  # texts whose regions the time-lapse follows, on every pinned film
    check_every: int = 100
    save_every: int = 200  # steps between training states
    keep_states: int = 2
    weights: Weights = field(default_factory=Weights)
    # None keeps the layers that the model has, or adds the default ones to a plain model.
    lrclr: LRCLRConfig | None = None
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        if self.weights.form not in LOSS_FORMS:
            raise ExplorerError(
                f"Unknown loss form '{self.weights.form}'; known: {', '.join(LOSS_FORMS)}."
            )
        if not (self.weights.global_ or self.weights.local or self.weights.match):
            raise ExplorerError("Every loss is switched off; give at least one a weight above 0.")
        if self.sentences and not self.schedule.statements:
            raise ExplorerError("sentences goes with statements; set statements to true.")
        object.__setattr__(self, "follow", followed(self.follow))
        for name in ("check_every", "save_every", "keep_states"):
            if getattr(self, name) < 1:
                raise ExplorerError(f"{name} must be at least 1; got {getattr(self, name)}.")


def _default_schedule() -> Schedule:
    return Schedule(
        steps=1500,
        batch_size=64,
        learning_rate=1e-3,
        warmup=150,
        sentences_per_report=4,
        shared_positives=True,
        keep=0.5,
        seed=1,
    )


@dataclass(frozen=True)
class PretrainConfig:
    """What `pretrain` needs; the defaults are those that made `demo-base`."""

    data: str = "phantom:train"
    check_data: str = "phantom:val,n=300"
    check_every: int = 500
    loss_form: str = "sigmoid"
    schedule: Schedule = field(default_factory=_default_schedule)
