"""Models as their publishers write them, through the public path, against the library's own pass.

Random weights in each published layout; what is compared is in docs/models.md.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import open_clip
import published_models as published
import pytest
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_open_clip import TEXT, VISION
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from core.attribution import attribution_maps
from core.errors import ExplorerError
from core.inference.images import Images
from core.inference.model_card import model_card
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.inference.regions import patch_box
from core.lrclr.checkpoint import load_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.finetune import finetune
from core.training.settings import FinetuneConfig, Schedule

TEXTS = ["no pneumothorax", "There is a small left pleural effusion"]
LAYOUTS = ["native", "whyxrayclip", "biomedclip", "open_clip_siglip", "hf_clip", "xray_clip",
           "hf_siglip"]  # fmt: skip
SIGLIPS = ["open_clip_siglip", "hf_siglip"]


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "no-hub"))


def _write(layout: str, folder: Path) -> Path:
    written: Path = getattr(published, layout)(folder)
    return written


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("published")
    return {layout: _write(layout, root / layout) for layout in LAYOUTS}


class Library:
    """The model as its own library loads and runs it."""

    def __init__(self, folder: Path, size: int | None = None) -> None:
        self.size, self.hugging_face = size, not (folder / "open_clip_config.json").is_file()
        if self.hugging_face:
            self.model: Any = AutoModel.from_pretrained(folder).eval()
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            self.processor: Any = AutoImageProcessor.from_pretrained(folder)
            return
        name = f"local-dir:{folder}"
        if (folder / "vocab.txt").is_file():  # open_clip looks for the text tower by this name
            name = f"local-dir:{self._renamed(folder)}"
        self.model, _, self.processor = open_clip.create_model_and_transforms(
            name, force_image_size=size
        )
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer(name)

    @staticmethod
    def _renamed(folder: Path) -> Path:
        copy = folder.with_name(folder.name + "-as-open_clip-wants-it")
        if not copy.is_dir():
            shutil.copytree(folder, copy)
            config = json.loads((copy / "open_clip_config.json").read_text())
            config["model_cfg"]["text_cfg"]["hf_model_name"] = str(copy)
            (copy / "open_clip_config.json").write_text(json.dumps(config))
        return copy

    @torch.no_grad()
    def images(self, pixels: Tensor) -> Tensor:
        if not self.hugging_face:
            return self.model.encode_image(pixels)
        out = self.model.get_image_features(
            pixel_values=pixels, interpolate_pos_encoding=self.size is not None
        )
        return getattr(out, "pooler_output", out)

    @torch.no_grad()
    def texts(self, texts: list[str]) -> Tensor:
        if not self.hugging_face:
            return self.model.encode_text(self.tokenizer(texts))
        length = self.model.config.text_config.max_position_embeddings
        siglip = self.model.config.model_type == "siglip"
        made = self.tokenizer(
            texts, padding="max_length" if siglip else True, max_length=length, truncation=True,
            return_tensors="pt",
        )  # fmt: skip
        mask = {} if siglip else {"attention_mask": made["attention_mask"]}
        out = self.model.get_text_features(input_ids=made["input_ids"], **mask)
        return getattr(out, "pooler_output", out)

    def preprocess(self, image: np.ndarray) -> Tensor:
        picture = Image.fromarray(image).convert("RGB")
        if self.hugging_face:
            return self.processor(picture, return_tensors="pt")["pixel_values"][0]
        return self.processor(picture)


def _pixels(size: int, batch: int = 2) -> Tensor:
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def _unit(features: Tensor) -> Tensor:
    return torch.nn.functional.normalize(features, dim=-1)


@torch.no_grad()
@pytest.mark.parametrize("layout", LAYOUTS)
def test_embeddings_are_the_librarys(layout: str, folders: dict[str, Path]) -> None:
    model, library = load_model(str(folders[layout])), Library(folders[layout])
    pixels = _pixels(model.backbone.preprocess.size)
    images, texts = model.encode_image(pixels).image_features, model.encode_text(TEXTS)
    apart = [float((images - _unit(library.images(pixels))).abs().max()),
             float((texts.text_features - _unit(library.texts(TEXTS))).abs().max())]  # fmt: skip
    print(f"{layout}: unit embeddings apart by {apart[0]:.1e} (image), {apart[1]:.1e} (text)")
    assert max(apart) < 2e-6
    assert torch.allclose(model.backbone.logit_scale, library.model.logit_scale)
    assert "".join(texts.pieces[0]).lstrip("▁").startswith("no")
    assert [bool(p) for p in texts.pieces[1]] == texts.mask[1].tolist()


@torch.no_grad()
@pytest.mark.parametrize("layout", LAYOUTS)
def test_attention_that_is_read_is_the_attention_that_is_used(
    layout: str, folders: dict[str, Path]
) -> None:
    backbone = load_model(str(folders[layout])).backbone
    pixels = _pixels(backbone.preprocess.size)
    plain = backbone.image_tokens(pixels)
    read = backbone.image_tokens(pixels, range(backbone.depth - 1))
    assert torch.allclose(plain.tokens, read.tokens, atol=1e-5)
    rows = read.attn_weights[1].sum(dim=-1)
    assert rows.shape[-1] == backbone.prefix + backbone.grid[0] * backbone.grid[1]
    assert torch.allclose(rows, torch.ones_like(rows), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_bfloat16_the_towers_say_the_same(layout: str, folders: dict[str, Path]) -> None:
    model = load_model(str(folders[layout]))
    pixels = _pixels(model.backbone.preprocess.size)
    expected = model.encode_image(pixels)
    with torch.autocast("cpu", torch.bfloat16):
        assert model.backbone.image_tokens(pixels).tokens.dtype == torch.bfloat16
        found = model.encode_image(pixels)
    assert (found.image_features * expected.image_features).sum(dim=-1).min() > 0.999


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pixels_are_the_librarys_to_a_grey_level(layout: str, folders: dict[str, Path]) -> None:
    """The library rounds to whole grey levels after resizing and we do not: one is the limit."""
    picture = open_studies("phantom:n=1,seed=3").image(0).astype(np.uint8)
    preprocess = load_model(str(folders[layout])).backbone.preprocess
    library, std = Library(folders[layout]), torch.tensor(preprocess.std)[:, None, None]
    for shape in ((913, 701), (701, 913), (481, 640), (50, 41)):
        image = np.asarray(Image.fromarray(picture).resize(shape[::-1], Image.Resampling.BICUBIC))
        apart = (preprocess(image) - library.preprocess(image)).abs() * std
        print(f"{layout}, {shape}: grey levels apart {apart.max():.2f}, mean {apart.mean():.2f}")
        assert apart.max() < 1.1 and apart.mean() < 0.4


def test_a_map_covers_the_whole_patches_alone(folders: dict[str, Path]) -> None:
    """Of 72 pixels four patches of 16 see 64: the rest, a ninth, is beside the map."""
    backbone = load_model(str(folders["xray_clip"])).backbone
    assert backbone.grid == (4, 4) and backbone.preprocess.span == 64
    cells = np.arange(4, dtype=np.float32)[None].repeat(4, axis=0)  # of each, its column
    shown = backbone.preprocess.map_to_image(cells, (72, 72), mode="nearest")
    assert shown[0].tolist() == [column // 16 for column in range(64)] + [3] * 8
    box = patch_box(backbone.preprocess, backbone.grid, 5, (720, 720))
    assert box == pytest.approx((160, 160, 160, 160))
    assert load_model(str(folders["hf_clip"])).backbone.preprocess.covered is None
    pixels = backbone.preprocess.map_to_image(np.arange(72.0)[None].repeat(72, 0), (72, 72))
    assert pixels[0] == pytest.approx(np.arange(72.0), abs=1e-4), "of pixels, it is of them all"


@pytest.mark.parametrize(
    ("layout", "mode", "mean"), [("hf_siglip", "squash", 127.5), ("hf_clip", "crop-floor", 122.77)]
)
def test_a_missing_image_processor_is_guessed_with_a_warning(
    layout: str, mode: str, mean: float, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "clip"
    shutil.copytree(folders[layout], folder)
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text('{"processor_class": "CLIPProcessor"}')
    with pytest.warns(UserWarning, match="has no preprocessor_config.json: taken are 64 pixels"):
        model = load_model(str(folder))
    expected = load_model(str(folders[layout])).backbone.preprocess
    assert repr(model.backbone.preprocess) == repr(expected)
    assert model.backbone.preprocess.mode == mode
    assert model.backbone.preprocess.mean[0] == pytest.approx(mean, abs=0.01)
    card = dict(model_card(model, str(folder)).rows())
    assert "usual mean" in card["Guessed"]


@pytest.mark.parametrize("told", ["name", "card"])
def test_medsiglip_is_resized_as_it_was_trained(
    told: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    """Its file says PIL's bicubic; its card, TensorFlow's bilinear without antialias."""
    folder = tmp_path / ("medsiglip-448" if told == "name" else "mine")
    shutil.copytree(folders["hf_siglip"], folder)
    if told == "card":
        (folder / "README.md").write_text("---\nlicense: other\n---\n# MedSigLIP model card\n")
    preprocess = load_model(str(folder)).backbone.preprocess
    assert preprocess.interpolation == "bilinear" and not preprocess.antialias
    film = np.random.default_rng(0).uniform(0, 255, (200, 128)).astype(np.float32)
    # tf.image.resize: half-pixel centres, the two nearest rows alone; of 200 rows in 64, row 0 is
    # at 1.0625, and of 128 columns column 0 at 0.5.
    pairs = film[:, 0:2].mean(axis=1)
    expected = (1 - 0.0625) * pairs[1] + 0.0625 * pairs[2]
    assert float(preprocess.resize(film)[0, 0, 0]) == pytest.approx(expected, abs=1e-3)
    assert load_model(str(folders["hf_siglip"])).backbone.preprocess.antialias


@torch.no_grad()
@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_input_size_interpolates_positions_as_the_library_does(
    layout: str, folders: dict[str, Path]
) -> None:
    size = 96
    model = load_model(f"{folders[layout]}@{size}")
    assert model.backbone.grid == (6, 6) and model.backbone.preprocess.size == size
    pixels = _pixels(size)
    expected = _unit(Library(folders[layout], size).images(pixels))
    assert torch.allclose(model.encode_image(pixels).image_features, expected, atol=2e-6)
    with pytest.raises(ExplorerError, match="no multiple of the patch size 16"):
        load_model(f"{folders[layout]}@100")


@torch.no_grad()
def test_a_checkpoint_at_another_size_is_resized_by_open_clips_own_function(
    tmp_path: Path,
) -> None:
    path = published.openai_file(tmp_path)
    model = load_model(f"openai:{path}@128")
    vision = CLIPVisionCfg(**{**VISION, "image_size": 128})
    expected = CLIP(32, vision, CLIPTextCfg(**TEXT), quick_gelu=True).eval()
    open_clip.load_checkpoint(expected, str(path))
    pixels = _pixels(128)
    found = model.encode_image(pixels).image_features
    assert torch.allclose(found, _unit(expected.encode_image(pixels)), atol=2e-6)


@torch.no_grad()
@pytest.mark.parametrize("layout", SIGLIPS)
def test_a_patch_of_siglip_is_projected_as_an_image_of_this_one_patch(
    layout: str, folders: dict[str, Path]
) -> None:
    backbone = load_model(str(folders[layout])).backbone
    tokens = torch.randn(2, 3, backbone.width)
    _, patches = backbone.read_out(tokens)
    alone, _ = backbone.read_out(tokens[:, 1:2])
    assert torch.allclose(patches[:, 1], alone, atol=1e-6)


@pytest.mark.parametrize("layout", SIGLIPS)
def test_without_a_cls_token_what_reads_its_attention_is_refused_and_text_works(
    layout: str, folders: dict[str, Path]
) -> None:
    plain = load_model(str(folders[layout]))
    for scorer in ("product", "rollout", "last"):
        with pytest.raises(ExplorerError, match=f"no CLS token, whose attention '{scorer}'"):
            LRCLR(plain.backbone, LRCLRConfig(scorer=scorer))
    pixels = _pixels(plain.backbone.preprocess.size)
    with pytest.raises(ExplorerError, match="no CLS token"):
        attribution_maps("rollout", Predictor(plain, "x"), Images(plain, pixels), TEXTS)
    for scorer in ("text", "random", "centre", "all"):
        model = LRCLR(plain.backbone, LRCLRConfig(scorer=scorer, k=3)).eval()
        with torch.no_grad():
            images, texts = model.encode_image(pixels), model.encode_text(TEXTS)
            assert model.read(images, texts).weights.shape[-1] >= 3
    images = Images(plain, pixels)
    assert np.isfinite(attribution_maps("gradcam", Predictor(plain, "x"), images, TEXTS)).all()


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_fine_tuned_run_is_loaded_again_without_what_it_came_from(
    layout: str, tmp_path: Path
) -> None:
    _finetune_and_reload(_write(layout, tmp_path / "source"), tmp_path)


@pytest.mark.parametrize("layout", ["biomedclip", "hf_siglip"])
def test_a_fine_tuned_run_of_another_size_stands_alone(layout: str, tmp_path: Path) -> None:
    _finetune_and_reload(_write(layout, tmp_path / "source"), tmp_path, size=80)


def _finetune_and_reload(source: Path, tmp_path: Path, size: int | None = None) -> None:
    config = FinetuneConfig(
        model=f"{source}@{size}" if size else str(source), data="phantom:train,n=6,size=64",
        check_data="phantom:val,n=12,size=64", lrclr=LRCLRConfig(k=3, fusion_heads=2),
        schedule=Schedule(steps=2, batch_size=4, precision="fp32", layer_decay=0.8,
                          freeze=("backbone.model.text",)),
    )  # fmt: skip
    (tmp_path / "run" / "text").mkdir(parents=True)  # of a model that was here before
    (tmp_path / "run" / "text" / "tokenizer.json").write_text("{}")
    trained = finetune(config, tmp_path / "run").eval()
    shutil.rmtree(source)
    loaded = load_model(str(tmp_path / "run"))
    assert loaded.config.added_layers and loaded.backbone.preprocess == trained.backbone.preprocess
    pixels = _pixels(loaded.backbone.preprocess.size)
    with torch.no_grad():
        first, again = (model.encode_image(pixels) for model in (trained, loaded))
        assert torch.allclose(first.patch_features, again.patch_features, atol=5e-3)
        words, same = (model.encode_text(TEXTS) for model in (trained, loaded))
    assert words.pieces == same.pieces
    assert torch.allclose(words.text_features, same.text_features, atol=5e-3)


PROMPTS = PromptSet({"Effusion": FindingPrompts(("pleural effusion",), ("no pleural effusion",))})


@torch.no_grad()
@pytest.mark.parametrize("form", ["folder", "list"])
def test_an_ensemble_averages_the_probabilities_of_its_checkpoints(
    form: str, tmp_path: Path
) -> None:
    paths = [published.openai_file(tmp_path / "all", seed) for seed in (0, 1, 2)]
    spec = str(tmp_path / "all") if form == "folder" else ",".join(map(str, paths))
    ensemble = Predictor(load_model(f"chexzero:{spec}"), "all")
    each = [Predictor(load_model(f"chexzero:{path}"), "one") for path in paths]
    image = open_studies("phantom:n=1,seed=3").image(0)
    encoded = ensemble.encode_image(image)
    scores = ensemble.score(encoded, PROMPTS)
    alone = [one.score(one.encode_image(image), PROMPTS) for one in each]
    assert len({float(one["pair"][0, 0]) for one in alone}) == 3
    mean = np.mean([one["pair"] for one in alone], axis=0)
    assert scores["pair"] == pytest.approx(mean, abs=1e-6)
    mean = np.mean([one.similarity_map(one.encode_image(image), TEXTS) for one in each], axis=0)
    assert ensemble.similarity_map(encoded, TEXTS) == pytest.approx(mean, abs=1e-5)
    assert ensemble.regions(encoded, TEXTS[:1], image.shape).boxes
    with pytest.raises(ExplorerError, match="for scoring"):
        LRCLR(ensemble.model.backbone, LRCLRConfig())


def test_an_ensemble_of_different_models_is_refused(tmp_path: Path) -> None:
    one, other = published.openai_file(tmp_path / "a"), tmp_path / "b.pt"
    state = torch.load(one, weights_only=True)
    state["visual.positional_embedding"] = torch.randn(10, 128)  # of 48 px
    torch.save(state, other)
    with pytest.raises(ExplorerError, match=r"b\.pt is of another architecture or input size"):
        load_model(f"chexzero:{one},{other}")
    with pytest.raises(ExplorerError, match="holds no checkpoint"):
        (tmp_path / "empty").mkdir()
        load_model(f"chexzero:{tmp_path / 'empty'}")


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")  # the archive is of its kind
def test_a_torchscript_archive_is_not_run_and_the_sentence_says_how_to_convert_it(
    tmp_path: Path,
) -> None:
    class Tower(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x

    torch.jit.save(torch.jit.script(Tower()), tmp_path / "clip.pt")
    with pytest.raises(ExplorerError, match=r"TorchScript.*state_dict\(\), 'weights\.pt'"):
        load_model(f"openai:{tmp_path / 'clip.pt'}")


def _break_config(folder: Path) -> None:
    name = "open_clip_config.json" if "open" in folder.name else "config.json"
    (folder / name).write_text("[1]")


def _break_weights(folder: Path) -> None:
    next(folder.glob("*.safetensors")).write_bytes(b"\x00" * 64)


def _break_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "spiece.model"):
        (folder / name).write_text("{}")


def _lose_weights(folder: Path) -> None:
    next(folder.glob("*.safetensors")).unlink()


@pytest.mark.parametrize(
    "damage", [_break_config, _break_weights, _break_tokenizer, _lose_weights]
)
@pytest.mark.parametrize("layout", SIGLIPS)
def test_a_damaged_folder_is_one_sentence(
    layout: str, damage: Callable[[Path], None], folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / layout
    shutil.copytree(folders[layout], folder)
    damage(folder)
    with pytest.raises(ExplorerError) as found:
        load_model(str(folder))
    assert str(found.value).endswith(".") and "Traceback" not in str(found.value)


def test_weights_that_transformers_would_make_up_are_missed(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders["hf_clip"], tmp_path / "clip")
    config = json.loads((tmp_path / "clip" / "config.json").read_text())
    config["vision_config"]["num_hidden_layers"] = 4
    (tmp_path / "clip" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ExplorerError, match=r"16 tensors are missing"):
        load_model(str(tmp_path / "clip"))


@pytest.mark.parametrize("size", ["", "@96"])
def test_position_embeddings_that_are_no_grid_are_one_sentence(
    size: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders["native"], tmp_path / "clip")
    file = tmp_path / "clip" / "open_clip_model.safetensors"
    state = {name: value.clone() for name, value in load_file(file).items()}  # not of the file
    state["visual.positional_embedding"] = torch.randn(14, 128)
    save_file(state, file)
    torch.save(state, tmp_path / "clip.pt")
    for spec in (f"{tmp_path / 'clip'}", f"openai:{tmp_path / 'clip.pt'}"):
        with pytest.raises(ExplorerError, match="no square grid|positional_embedding"):
            load_model(f"{spec}{size}")


def test_a_kind_that_cannot_be_read_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(folders["hf_clip"], tmp_path / "blip")
    (tmp_path / "blip" / "config.json").write_text('{"model_type": "blip"}')
    with pytest.raises(ExplorerError, match="type 'blip'.*clip and siglip"):
        load_model(str(tmp_path / "blip"))
    with pytest.raises(ExplorerError, match="holds no model"):
        load_model(f"local-dir:{tmp_path}")


def test_every_form_of_a_local_model_reaches_it(folders: dict[str, Path]) -> None:
    kinds = {f"local-dir:{folders['native']}", f"hf:{folders['hf_clip']}",
             f"local-dir:{folders['hf_siglip']}", "local-dir:assets/demo"}  # fmt: skip
    for spec in kinds:
        assert load_model(spec).backbone.embed_dim in (24, 32, 256)
