"""The form that starts a run, and the editor of its preset."""

from collections.abc import Callable
from zlib import crc32

import streamlit as st

from core.errors import ExplorerError
from core.training.config_file import read_config
from core.training.own_presets import remove_preset, save_preset
from core.training.presets import own_presets, preset_path, presets
from core.training.queue import run_images
from core.training.runs import Run, out_of, start_run
from core.training.settings import FOLLOWED, FinetuneConfig, followed
from explorer import access
from explorer.shared import cache, state, terminal

_SMALL = {"steps": 200, "batch_size": 32, "learning_rate": 3e-4}
"""What the form starts from with a preset that ships, so that a first run takes minutes."""


def draw() -> Run | None:
    """Preset, form and command; the run, when one was started."""
    told = presets()
    known = {name: told[name] for name in access.visible_presets(told)}
    if state.session().next_preset in known:  # just saved, or what replaces one removed
        state.put_widget("preset", state.session().next_preset)
        state.set_next_preset("")
    one, two = st.columns([1, 3], vertical_alignment="bottom")
    if state.widget("preset") not in known:
        state.put_widget("preset", "lrclr")
    preset = one.selectbox("Preset", list(known), key="preset")
    two.caption(known[preset])
    if access.is_owner():
        _editor(preset)
    try:
        config = read_config(preset)
    except ExplorerError as error:  # a file of the user's own, edited elsewhere
        st.error(str(error), icon=":material/error:")
        return None
    with st.form("new_run", border=True):
        name, arguments = _fields(preset, config)
        started = st.form_submit_button("Start", icon=":material/play_arrow:")
    terminal.show("finetune", *arguments, "--out", out_of(name))
    st.caption(
        "Images are never flipped: a flipped film would make 'left' and 'right' in its report "
        "untrue. A run that is started while another runs waits for it."
    )
    if not started:
        return None
    try:
        model, data, used = (_value(arguments, word) for word in ("model", "data", "config"))
        access.check_new_run(model, data, used, run_images(arguments))
        followed(arguments[n + 1] for n, word in enumerate(arguments) if word == "--follow")
        run = start_run(name, arguments)
        access.claim_run(run)
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return None
    state.note_started_run()
    return run


def _fields(preset: str, config: FinetuneConfig) -> tuple[str, list[str]]:
    """Name and arguments of `python -m core finetune`."""
    schedule, weights = config.schedule, config.weights
    start = vars(schedule) if preset in own_presets() else _SMALL
    # Fields of a preset that was saved anew begin from what it says now.
    mark = f"{preset}_{crc32(repr(config).encode()):08x}"
    one, two, three = st.columns(3)
    model = one.selectbox("Start from", cache.model_names() or ["demo-base"])
    data = two.text_input("Study set", "phantom:train,n=1000", max_chars=200)
    number = state.session().runs_started  # the name that was typed went with the last one
    name = three.text_input("Name", state.propose_run_name(), max_chars=64, key=f"name_{number}")
    one, two, three = st.columns(3)
    chosen = {
        part: place.slider(title, 0.0, 2.0, value, 0.25, key=f"{part}_{mark}")
        for place, part, title, value in (
            (one, "global", "Global contrast", weights.global_),
            (two, "local", "Local contrast", weights.local),
            (three, "match", "Matching", weights.match),
        )
    }
    one, two, three, four = st.columns(4)
    steps = one.number_input("Steps", 10, 20_000, start["steps"], 10, key=f"steps_{mark}")
    batch = two.number_input("Batch", 2, 1024, start["batch_size"], key=f"batch_{mark}")
    rate = three.number_input(
        "Learning rate", 1e-6, 1e-1, start["learning_rate"], 1e-4, "%.1e", key=f"rate_{mark}"
    )
    seed = four.number_input("Seed", 0, 2**31 - 1, schedule.seed, key=f"seed_{mark}")
    follow = st.text_area(
        "Texts to follow", key=f"follow_{mark}", height=68, max_chars=1300,
        placeholder="small nodule in the left upper lobe",
        help=f"Yours, one a line, {FOLLOWED} at most: the time-lapse shows how their regions move "
        "on each of its films, beside the words of the report.",
    )  # fmt: skip
    arguments = [
        "--config", preset, "--model", model, "--data", data, "--steps", str(steps),
        "--batch-size", str(batch), "--learning-rate", f"{rate:g}", "--seed", str(seed),
        "--save-every", "50",
    ]  # fmt: skip
    for part, weight in chosen.items():
        arguments += [f"--{part}-weight", f"{weight:g}"]
    for text in follow.splitlines():
        if text.strip():
            arguments += ["--follow", text.strip()]
    return name, arguments


def _value(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(f"--{option}") + 1]


def _editor(preset: str) -> None:
    path = preset_path(preset)
    own = preset in own_presets()
    with st.expander("Edit this preset"):
        text = st.text_area(
            "TOML", path.read_text(encoding="utf-8") if path else "", height=320,
            key=f"toml_{preset}", help="Every setting is explained in docs/finetuning.md.",
        )  # fmt: skip
        one, two, three = st.columns([2, 1, 1], vertical_alignment="bottom")
        name = one.text_input("Save as", preset if own else f"my-{preset}", key=f"as_{preset}")
        if two.button("Save", icon=":material/save:", width="stretch"):
            _try(lambda: save_preset(name, text), name)
        if three.button("Remove", icon=":material/delete:", width="stretch", disabled=not own):
            _try(lambda: remove_preset(preset), "lrclr")


def _try(change: Callable[[], None], then: str) -> None:
    """Change the presets, then choose `then`; a refusal is shown and the text stays."""
    try:
        access.check_presets()
        change()
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return
    state.set_next_preset(then)
    st.rerun()
