"""What is known of published models beyond their files: licence, source, what they learned from.

Models of the list that pages show are in `catalogue`, the others here. Only what the publishers say
themselves (model card, repository or paper); a Hub repository's own card, where it was fetched
with the weights, comes first (`core.inference.model_card`).
"""

from dataclasses import dataclass

from core.backbones.catalogue import listed

NOT_STATED = "not stated"
ALIASES = {"biomedclip": "hf-hub:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"}


@dataclass(frozen=True)
class KnownModel:
    """Of one published model."""

    licence: str = NOT_STATED
    source: str = NOT_STATED
    trained_on: str = NOT_STATED


_PHANTOMS = "drawn chest phantoms of this project and their reports; no radiograph of a patient"
_OWN = KnownModel("MIT, as this project", "this project", _PHANTOMS)
_OPENAI = "400 million image-text pairs from the internet (Radford et al., ICML 2021)"
_SIGLIP = "WebLI, image-text pairs from the web (Zhai et al., ICCV 2023)"

# Beginnings of a spec; the longest that fits counts.
KNOWN = {
    "demo": _OWN,
    "demo-base": _OWN,
    "compact:": KnownModel("MIT, as this project", "this project", "nothing but its ImageNet stem"),
    "chexzero:": KnownModel(
        "code: MIT; weights: not stated", "github.com/rajpurkarlab/CheXzero",
        "MIMIC-CXR images and reports, from OpenAI's ViT-B/32 (Tiu et al., Nature BME 2022)",
    ),
    "openai:": KnownModel(
        NOT_STATED, "the file; the layout is that of github.com/openai/CLIP", NOT_STATED
    ),
    "hf:openai/clip-": KnownModel(NOT_STATED, "huggingface.co/openai", _OPENAI),
    "hf:google/siglip-": KnownModel("Apache-2.0", "huggingface.co/google", _SIGLIP),
}  # fmt: skip


def facts(spec: str) -> KnownModel:
    """What is known of the model of a spec.

    >>> facts("chexzero:best.pt").source
    'github.com/rajpurkarlab/CheXzero'
    >>> facts("open_clip:ViT-B-32").licence
    'not stated'
    """
    arch, _, tag = spec.removeprefix("open_clip:").partition("/")
    if spec.startswith("open_clip:"):
        source = f"open_clip's weights '{tag}' for {arch}" if tag else "open_clip, random start"
        return KnownModel(source=source, trained_on=_OPENAI if tag == "openai" else NOT_STATED)
    full = ALIASES.get(spec, spec)
    model = listed(full)
    if model is not None and model.repos:
        source = f"huggingface.co/{full.partition(':')[2]}"
        return KnownModel(model.licence, source, model.trained_on)
    fitting = [start for start in KNOWN if full == start or full.startswith(start)
               and not start.startswith("demo")]  # fmt: skip
    return KNOWN[max(fitting, key=len)] if fitting else KnownModel()
