"""Models that people have: the one table behind docs/models.md and the sidebar's list.

What a publisher says (licence, gate, training) is said here once; seconds and parameters are
measured with random weights of the model's shape (`benchmarks/models.py`): no weights are here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NONCOMMERCIAL = "CC-BY-NC-4.0"
_CHEXAGENT = "MIMIC-CXR, CheXpert Plus, PadChest, BIMCV, CANDID-PTX (Chen et al., CheXagent, 2024)"
_CLS = "regions, place and match, trained on your reports"
_POOLED = "regions chosen by text, place and match; no CLS attention to read"


@dataclass(frozen=True)
class OpenModel:
    """A published model; sizes are of what its specs open."""

    name: str
    specs: tuple[str, ...]  # several of one shape
    layout: str
    licence: str
    gated: bool  # whether terms have to be accepted on the Hub first
    tower: str
    side: int  # input in pixels
    millions: int  # of parameters, both towers
    seconds: float  # for one film of 2,500 x 2,048 pixels on 2 cores, in fp32
    trained_on: str
    lrclr: str  # what LRCLR's layers can add

    @property
    def gigabytes(self) -> float:
        """Of the weights in single precision, as they are published."""
        return self.millions * 4e6 / 1e9

    @property
    def repos(self) -> tuple[str, ...]:
        """On the Hub; empty for a model that is not there."""
        return tuple(spec.partition(":")[2] for spec in self.specs if spec.startswith("hf"))


def _xray(kind: str, start: str) -> str:
    return f"hf:StanfordAIMI/Xray{kind}__{start}"


def _both(start: str) -> tuple[str, str]:
    return _xray("CLIP", start), _xray("SigLIP", start)


CATALOGUE = (
    OpenModel("CheXficient", ("hf:StanfordAIMI/CheXficient",), "its own, read by name", "MIT",
              False, "DINOv2 ViT-B/14", 378, 195, 1.59,
              "13 sets of films, MIMIC-CXR among them (Wang et al., 2026)", _CLS),
    OpenModel("BioViL-T", ("hf:microsoft/BiomedVLP-BioViL-T",), "its own, read by name", "MIT",
              False, "ResNet-50", 448, 133, 0.69,
              "MIMIC-CXR, films with the one before (Bannur et al., CVPR 2023)", _POOLED),
    OpenModel("WhyXrayCLIP", ("hf-hub:yyupenn/whyxrayclip",), "open_clip", "MIT", False,
              "ViT-L/14", 224, 428, 2.53,
              "MIMIC-CXR, reports reworded by GPT-4 (Yang et al., 2024)", _CLS),
    OpenModel("BiomedCLIP", ("hf-hub:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224",),
              "open_clip, timm, BERT", "MIT", False, "ViT-B/16", 224, 195, 0.65,
              "PMC-15M, figures of PubMed Central (Zhang et al., 2023)", _CLS),
    OpenModel("CheXzero", ("chexzero:FILE",), "OpenAI's CLIP", "code MIT, weights not stated",
              False, "ViT-B/32", 224, 151, 0.18, "MIMIC-CXR (Tiu et al., Nature BME 2022)", _CLS),
    OpenModel("RadZero", ("hf:Deepnoid/RadZero",), "its own, read by name", NONCOMMERCIAL, False,
              "DINOv2 ViT-B/14 and 2 layers", 518, 210, 3.41,
              "MIMIC-CXR, from XrayDINOv2 (Park et al., NeurIPS 2025)",
              "match and abstention, beside its own map"),
    OpenModel("MedSigLIP", ("hf:google/medsiglip-448",), "transformers' SigLIP",
              "HAI-DEF terms of use", True, "ViT-SO400M/14", 448, 878, 10.01,
              "films, skin, eyes, slides, CT and MRI (Sellergren et al., 2025)", _POOLED),
    OpenModel("XrayCLIP, XraySigLIP ViT-B/16", _both("vit-b-16__laion2b-s34b-b88k"),
              "transformers' CLIP", NONCOMMERCIAL, False, "ViT-B/16", 512, 150, 3.14, _CHEXAGENT,
              _CLS),
    OpenModel("XrayCLIP, XraySigLIP ViT-L/14", _both("vit-l-14__laion2b-s32b-b82k"),
              "transformers' CLIP", NONCOMMERCIAL, False, "ViT-L/14", 512, 429, 11.69, _CHEXAGENT,
              _CLS),
    OpenModel("XrayCLIP, XraySigLIP SigLIP-B/16", _both("vit-b-16-siglip-512__webli"),
              "transformers' SigLIP", NONCOMMERCIAL, False, "SigLIP ViT-B/16", 512, 204, 3.35,
              _CHEXAGENT, _POOLED),
    OpenModel("XrayCLIP, XraySigLIP SigLIP-L/16", _both("vit-l-16-siglip-384__webli"),
              "transformers' SigLIP", NONCOMMERCIAL, False, "SigLIP ViT-L/16", 512, 653, 7.42,
              _CHEXAGENT, _POOLED),
)  # fmt: skip


def listed(spec: str) -> OpenModel | None:
    """The entry of a spec, if it has one.

    >>> listed("hf:google/medsiglip-448").name
    'MedSigLIP'
    """
    return next((model for model in CATALOGUE if spec in model.specs), None)


@dataclass(frozen=True)
class ListedModel:
    """One model of the list, as a reader picks it."""

    spec: str
    model: OpenModel
    here: bool  # whether its weights are on this computer

    @property
    def label(self) -> str:
        """Name, size, licence, and whether it is here or asks for terms."""
        model, name = self.model, self.model.name
        if len(model.specs) > 1:  # both names stand in the entry's
            kind = "XraySigLIP" if "XraySigLIP" in self.spec else "XrayCLIP"
            name = f"{kind} {name.rpartition(' ')[2]}"
        state = "here" if self.here else "terms to accept" if model.gated else ""
        said = (f"{model.gigabytes:.1f} GB", model.licence, state)
        return ", ".join(filter(None, (name, *said)))


def choices(here: Mapping[str, int]) -> list[ListedModel]:
    """Models of the list that are on the Hub, those that are here first.

    Args:
        here: specs whose weights are in the Hub's cache (`hub.models_here`).
    """
    every = [ListedModel(spec, model, spec in here) for model in CATALOGUE
             for spec in model.specs if model.repos]  # fmt: skip
    return sorted(every, key=lambda choice: not choice.here)


def table() -> str:
    """The table of docs/models.md, in Markdown."""
    head = ("model", "spec", "licence", "size", "gated", "image tower", "input",
            "seconds a film", "trained on", "what LRCLR can add")  # fmt: skip
    lines = [_row(head), _row(("---",) * len(head))]
    for model in CATALOGUE:
        specs = ", ".join(f"`{spec}`" for spec in model.specs)
        size = f"{model.gigabytes:.1f} GB ({model.millions} M)"
        lines.append(_row((model.name, specs, model.licence, size, "yes" if model.gated else "no",
                           model.tower, f"{model.side} px", f"{model.seconds:.2f}",
                           model.trained_on, model.lrclr)))  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(table(), end="")
