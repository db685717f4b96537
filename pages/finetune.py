"""Fine-tune: a small run in its own process, watched live."""

import streamlit as st

from core.errors import ExplorerError
from core.training.config_file import presets, read_config
from core.training.runs import list_runs, start_run
from explorer import cache, run_view

st.title("Fine-tune")
st.markdown(
    "Trains LRCLR on the **reports** of a set: no labels, no masks. The run is its own process; "
    "you can leave this page, and closing the browser stops nothing."
)
names = cache.model_names() or ["demo-base"]
known = presets()
one, two = st.columns([1, 3], vertical_alignment="bottom")
preset = one.selectbox("Preset", list(known), index=list(known).index("lrclr"))
two.caption(known[preset])
default = read_config(preset).weights
with st.form("new_run", border=True):
    one, two, three = st.columns(3)
    model = one.selectbox("Start from", names)
    data = two.text_input("Study set", "phantom:train,n=1000", max_chars=200)
    name = three.text_input("Name", run_view.free_name(), max_chars=64)
    one, two, three = st.columns(3)
    weights = {
        part: place.slider(title, 0.0, 2.0, value, 0.25, key=f"{part}_{preset}")
        for place, part, title, value in (
            (one, "global", "Global contrast", default.global_),
            (two, "local", "Local contrast", default.local),
            (three, "match", "Matching", default.match),
        )
    }
    one, two, three, four = st.columns(4)
    steps = one.number_input("Steps", 10, 20_000, 200, 10)
    batch_size = two.number_input("Batch", 2, 1024, 32)
    rate = three.number_input("Learning rate", 1e-6, 1e-1, 3e-4, 1e-4, format="%.1e")
    seed = four.number_input("Seed", 0, 2**31 - 1, 0)
    started = st.form_submit_button("Start", type="primary", icon=":material/play_arrow:")
arguments = [
    "--config", preset, "--model", model, "--data", data, "--steps", str(steps),
    "--batch-size", str(batch_size), "--learning-rate", f"{rate:g}", "--seed", str(seed),
    "--save-every", "50",
]  # fmt: skip
for part, weight in weights.items():
    arguments += [f"--{part}-weight", f"{weight:g}"]
st.caption("The same in a terminal:")
st.code(" ".join(["python -m core finetune", *arguments, "--out", f"runs/{name}"]), "shell",
        wrap_lines=True)  # fmt: skip
st.caption(
    "Images are never flipped: a flipped film would make 'left' and 'right' in its report untrue."
)
if started:
    try:
        run = start_run(name, arguments)
        st.session_state["lx_run"] = run.name
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")

runs = {run.name: run for run in list_runs()}
if not runs:
    st.info("No run yet. Start with 200 steps: its time left is shown as it goes.")
else:
    options = list(runs)
    here = st.session_state.get("lx_run")
    picked = st.selectbox("Run", options, index=options.index(here) if here in options else 0)
    st.session_state["lx_run"] = picked
    run_view.watch(runs[picked])
    st.subheader("All runs")
    run_view.table(list(runs.values()))
