"""Fine-tune: a small run in its own process, watched live."""

import streamlit as st

from core.errors import ExplorerError
from core.training.runs import list_runs, start_run
from explorer import cache, run_view

st.title("Fine-tune")
st.markdown(
    "Trains LRCLR on the **reports** of a set: no labels, no masks. The run is its own process; "
    "you can leave this page, and closing the browser stops nothing."
)
names = cache.model_names() or ["demo-base"]
with st.form("new_run", border=True):
    one, two, three, four = st.columns(4)
    model = one.selectbox("Start from", names)
    data = two.text_input("Study set", "phantom:train,n=1000", max_chars=200)
    steps = three.number_input("Steps", 10, 20_000, 200, 10)
    seed = four.number_input("Seed", 0, 2**31 - 1, 0)
    one, two, three, four = st.columns(4)
    weights = {
        "global": one.slider("Global contrast", 0.0, 2.0, 1.0, 0.25),
        "local": two.slider("Local contrast", 0.0, 2.0, 1.0, 0.25),
        "match": three.slider("Matching", 0.0, 2.0, 1.0, 0.25),
    }
    name = four.text_input("Name", run_view.free_name(), max_chars=64)
    started = st.form_submit_button("Start", type="primary", icon=":material/play_arrow:")
arguments = ["--model", model, "--data", data, "--steps", str(steps), "--seed", str(seed)]
for part, weight in weights.items():
    arguments += [f"--{part}-weight", f"{weight:g}"]
st.caption("The same in a terminal:")
st.code(" ".join(["python -m core finetune", *arguments, "--out", f"runs/{name}"]), "shell")
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
