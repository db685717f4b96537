"""What a patient of the lab can have: each kind by one word, with what can be changed of it."""

from dataclasses import dataclass

from core.errors import ExplorerError

LESION_CM = (0.2, 3.0)
"""Least and most radius of a lesion; what is drawn at random has 0.55 to 2.9 cm."""


@dataclass(frozen=True)
class Kind:
    """One kind of finding."""

    word: str  # in links, files and commands
    title: str
    name: str  # CheXpert
    kind: str  # as `core.phantom.case.KINDS` has it
    sides: tuple[str, ...] = ("midline",)
    zones: tuple[str, ...] = ("",)
    moves: bool = False  # it can be dragged
    is_lesion: bool = False  # it has a radius and a contrast, and no severity of its own

    def check(self, side: str, zone: str) -> None:
        """Refuse a place that it cannot have.

        Raises:
            ExplorerError: no such side or zone.
        """
        for what, value, allowed in (("side", side, self.sides), ("zone", zone, self.zones)):
            if value not in allowed:
                known = ", ".join(repr(one) for one in allowed)
                raise ExplorerError(
                    f"The {what} '{value[:20]}' is none of '{self.word}'; it has {known}."
                )


_ONE = ("right", "left")
_BOTH = ("right", "left", "bilateral")
_ZONES = ("upper", "middle", "lower")

KINDS: dict[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind("nodule", "Lung nodule or mass", "Lung Lesion", "nodule", _ONE, _ZONES, True, True),
        Kind("effusion", "Pleural effusion", "Pleural Effusion", "free", _BOTH, ("basal",)),
        Kind("pneumothorax", "Pneumothorax", "Pneumothorax", "apical", _ONE, ("apical",)),
        Kind("consolidation", "Consolidation", "Consolidation", "lobar", _ONE, _ZONES, True),
        Kind("patches", "Patchy consolidation", "Consolidation", "patchy", _ONE, _ZONES, True),
        Kind("plates", "Linear atelectasis", "Atelectasis", "linear", _BOTH, ("basal", "middle")),
        Kind("collapse", "Lobar atelectasis", "Atelectasis", "lobar", _ONE, _ZONES),
        Kind("edema", "Interstitial edema", "Edema", "interstitial", ("bilateral",)),
        Kind("alveolar-edema", "Alveolar edema", "Edema", "alveolar", ("bilateral",)),
        Kind("cardiomegaly", "Large heart", "Cardiomegaly", "global"),
        Kind("rib-fracture", "Rib fracture", "Fracture", "rib", _ONE, _ZONES),
        Kind("clavicle-fracture", "Clavicle fracture", "Fracture", "clavicle", _ONE),
        Kind("pacemaker", "Pacemaker", "Support Devices", "pacemaker", ("left", "right")),
        Kind("tube", "Endotracheal tube", "Support Devices", "endotracheal tube"),
        Kind("line", "Central line", "Support Devices", "central line", _ONE),
        Kind("gastric-tube", "Enteric tube", "Support Devices", "enteric tube"),
    )
}
"""By word, in the order in which they are offered."""


def kind_of(word: str) -> Kind:
    """The kind that a word names.

    Raises:
        ExplorerError: there is none.
    """
    if word not in KINDS:
        raise ExplorerError(f"'{word[:30]}' is no finding of the lab; known: {', '.join(KINDS)}.")
    return KINDS[word]


def word_of(name: str, kind: str) -> str:
    """The word of a finding by its CheXpert name and kind."""
    lesion = "nodule" if kind == "mass" else kind
    return next(one.word for one in KINDS.values() if (one.name, one.kind) == (name, lesion))
