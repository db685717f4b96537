"""Weights from the Hub: stated size and licence, progress, resume, damage, and no network."""

import json
import threading
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import huggingface_hub
import open_clip
import psutil
import pytest
import torch
from local_hub import LocalHub, serving
from published_models import STATISTICS, bert_text_files, biomedclip, hf_clip, native
from safetensors.torch import load_file
from tiny_open_clip import tiny_pixels
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPProcessor

from core.backbones import hub as core_hub
from core.backbones.downloads import Download, reporting
from core.backbones.fetch_apart import fetch_apart
from core.backbones.open_clip_vit import FILES
from core.backbones.registry import files_of, load_backbone
from core.errors import ExplorerError
from core.lrclr.checkpoint import load_model

REPO = "tests/tiny-clip"


def _point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT does when huggingface_hub is imported."""
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    with serving() as made:
        _point_at(made.url, monkeypatch)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(core_hub, "TIMEOUT", 2)
        made.repos[REPO] = native(tmp_path / "repository")
        (made.repos[REPO] / "README.md").write_text("---\nlicense: mit\n---\n")
        (made.repos[REPO] / "training_log.txt").write_text("not needed")
        yield made


def test_a_repository_is_fetched_with_size_licence_and_progress_and_then_is_here(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Download, int]] = []
    with reporting(lambda download, here: told.append((download, here))):
        loaded = load_backbone(f"hf-hub:{REPO}")
    sizes = {file.name: file.stat().st_size for file in hub.repos[REPO].iterdir()}
    wanted = sum(size for name, size in sizes.items() if name != "training_log.txt")
    assert {download.size for download, _ in told} == {wanted}
    assert str(told[0][0]) == f"{REPO}, {wanted / 1e6:.1f} MB, licence: mit"
    done = [here for _, here in told]
    assert done == sorted(done) and done[-1] == wanted
    assert any(0 < here < wanted for here in done)
    assert not any("training_log" in asked for asked in hub.asked)

    hub.asked.clear()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    again = load_backbone(f"hf-hub:{REPO}")
    assert not hub.asked, "what is here asks nobody"
    pixels = tiny_pixels(again, 1)
    with torch.no_grad():
        assert torch.equal(again.image_tokens(pixels).tokens, loaded.image_tokens(pixels).tokens)


def test_a_line_that_drops_is_taken_up_where_it_was_cut(hub: LocalHub) -> None:
    hub.drop_once_at = 12_000_000  # of 16 MB; what arrived is written 10 MiB at a time
    loaded = load_backbone(f"hf-hub:{REPO}")
    assert any(f"bytes={10 * 2**20}-" in asked for asked in hub.asked), hub.asked
    expected = load_backbone(str(hub.repos[REPO])).state_dict()
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, expected[name])


def test_a_download_of_its_own_process_is_ended_and_leaves_no_part(
    hub: LocalHub, tmp_path: Path
) -> None:
    hub.hold = threading.Event()
    ended: list[int] = []

    class Stop(BaseException):
        """As Streamlit ends a script."""

    def stop(download: Download | None, here: int) -> None:
        if download and here > 2**20:  # some is written, and the server says no more
            assert list((tmp_path / "hub").rglob("*.incomplete"))
            ended.extend(child.pid or 0 for child in active_children())
            raise Stop

    with pytest.raises(Stop):
        fetch_apart(REPO, FILES, stop)
    assert ended and not any(psutil.pid_exists(pid) for pid in ended)
    assert not list((tmp_path / "hub").rglob("*.incomplete"))
    assert core_hub.cached(REPO, FILES) is None
    hub.asked.clear()
    hub.hold = None
    told: list[tuple[Download | None, int]] = []
    fetch_apart(REPO, FILES, lambda download, here: told.append((download, here)))
    assert told[0] == (None, 0) and "licence: mit" in str(told[-1][0])
    again = [asked for asked in hub.asked if asked.startswith("GET") and "open_clip_conf" in asked]
    assert not again, "what was whole is not fetched again"
    folder = core_hub.cached(REPO, FILES)
    assert folder and load_backbone(str(folder)).embed_dim == 32
    with pytest.raises(ExplorerError, match="no repository 'tests/nothing'"):
        fetch_apart("tests/nothing", FILES, lambda *_: None)


def test_what_a_spec_needs_of_the_hub_is_known_before_it_is_loaded(
    hub: LocalHub, tmp_path: Path
) -> None:
    hub.repos["tests/biomed"] = biomedclip(tmp_path / "biomed", text_files=False)
    bert_text_files(tmp_path / "bert")
    hub.repos["microsoft/tiny-bert"] = tmp_path / "bert"
    asked = []
    for repo, files in files_of("hf-hub:tests/biomed@80"):
        asked.append(repo)
        core_hub.fetch(repo, files)
    assert asked == ["tests/biomed", "microsoft/tiny-bert"]
    hub.asked.clear()
    load_backbone("hf-hub:tests/biomed")
    assert not hub.asked
    assert not list(files_of("demo")) and not list(files_of(str(tmp_path)))


def test_wrong_bytes_are_refused_and_removed(hub: LocalHub) -> None:
    hub.spoil = True
    with pytest.raises(ExplorerError, match="arrived damaged"):
        load_backbone(f"hf-hub:{REPO}")
    hub.spoil = False
    load_backbone(f"hf-hub:{REPO}")  # fetched anew


def test_what_the_hub_does_not_have_is_one_sentence(hub: LocalHub, tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="no repository 'tests/nothing'"):
        load_backbone("hf-hub:tests/nothing")
    with pytest.raises(ExplorerError, match="no name of a repository"):
        load_backbone("hf:a/b/c")
    with pytest.raises(ExplorerError, match=r"has no config\.json"):
        load_backbone(f"hf:{REPO}")  # open_clip's layout


@pytest.mark.parametrize("spec", ["biomedclip", "hf-hub:a/b", "hf:google/siglip-base-patch16-224",
                                  "open_clip:ViT-B-32-quickgelu/openai"])  # fmt: skip
@pytest.mark.parametrize("offline", [True, False])
def test_without_a_network_one_sentence_says_what_to_put_where(
    spec: str, offline: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
    _point_at("http://127.0.0.1:9", monkeypatch)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    waited: list[float] = []  # between tries; a busy machine needs time of its own
    monkeypatch.setattr(time, "sleep", waited.append)
    with pytest.raises(ExplorerError) as found:
        load_model(spec)
    assert sum(waited) < 10
    said = str(found.value)
    assert said.count(". ") == 0 and said.endswith("."), "one sentence"
    assert str(tmp_path / "hub" / "models--") in said and "hf download" in said
    assert "config.json" in said or "open_clip_model.safetensors" in said


@pytest.mark.parametrize("file", ["", "weights.pth"])
def test_an_architecture_of_open_clip_with_its_published_weights(
    hub: LocalHub, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads((hub.repos[REPO] / "open_clip_config.json").read_text())["model_cfg"]
    tag = {"hf_hub": f"{REPO}/{file}", "quick_gelu": True, "mean": (0.1,) * 3, "std": (0.2,) * 3}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", config)
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", {"mine": tag})
    if file:
        state = load_file(hub.repos[REPO] / "open_clip_model.safetensors")
        torch.save({"state_dict": state}, hub.repos[REPO] / file)
    loaded = load_backbone("open_clip:tiny/mine@96")
    expected = load_backbone(f"{hub.repos[REPO]}@96")
    assert loaded.preprocess.mean == pytest.approx((25.5,) * 3) and loaded.grid == (6, 6)
    pixels = tiny_pixels(loaded, 1)
    with torch.no_grad():
        assert torch.equal(
            loaded.image_tokens(pixels).tokens, expected.image_tokens(pixels).tokens
        )


def test_a_text_tower_of_another_repository_is_fetched_from_there(
    hub: LocalHub, tmp_path: Path
) -> None:
    hub.repos["tests/tiny-biomed"] = biomedclip(tmp_path / "biomed", text_files=False)
    bert_text_files(tmp_path / "bert")
    hub.repos["microsoft/tiny-bert"] = tmp_path / "bert"
    loaded = load_backbone("hf-hub:tests/tiny-biomed")
    assert loaded.preprocess.mean == pytest.approx([255 * v for v in STATISTICS["mean"]])
    assert any("/microsoft/tiny-bert/resolve" in asked for asked in hub.asked)
    hub.repos.pop("microsoft/tiny-bert")
    with torch.no_grad():
        assert loaded.text_tokens(["no effusion"]).pieces == [["", "no", "effusion"]]


@pytest.mark.parametrize("both", [False, True])
def test_what_transformers_writes_today_is_fetched(
    hub: LocalHub, tmp_path: Path, both: bool
) -> None:
    """A whole processor in processor_config.json, alone or beside the image processor's file."""
    folder = hub.repos[REPO] = hf_clip(tmp_path / "today")
    old = folder / "preprocessor_config.json"
    mean = [0.1, 0.2, 0.3]
    processor = CLIPImageProcessor(
        size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}, image_mean=mean
    )
    CLIPProcessor(processor, AutoTokenizer.from_pretrained(folder)).save_pretrained(folder)
    whole = json.loads((folder / "processor_config.json").read_text())
    assert whole["image_processor"]["image_mean"] == mean
    if both:  # as transformers 4 wrote: the values in the one, a name in the other
        old.write_text(json.dumps(whole["image_processor"]))
        (folder / "processor_config.json").write_text('{"processor_class": "CLIPProcessor"}')
    else:
        old.unlink()
    loaded = load_backbone(f"hf:{REPO}")
    assert loaded.preprocess.mean == pytest.approx([255 * value for value in mean])
    asked = {name for name in hub.asked if "processor" in name}
    assert len({name.rsplit("/", 1)[-1] for name in asked}) == 1 + both
    assert f"hf:{REPO}" in core_hub.models_here()
    assert load_model(str(folder)).backbone.preprocess == loaded.preprocess
