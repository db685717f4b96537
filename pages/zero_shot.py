"""Zero-shot prompts: edit them, see the study's scores at once and what the AUC makes of it."""

import streamlit as st

from core.inference.prompts import default_prompts
from explorer import cache, components, figures, free_text, prompt_editor, score_table, state

st.title("Zero-shot prompts")
current = state.current()
spec = state.get("model")
prompts = prompt_editor.edit()

left, right = components.row(610, 310)
with left:
    st.subheader("This study")
    score_table.draw(current, prompts)
with right:
    components.film(current)
    components.study_notes(current)

st.subheader("The whole set")
studies = cache.studies(state.get("set"))
report = cache.auc(spec, studies, prompts)
score = st.segmented_control(
    "Score", list(next(iter(report.findings.values())).auc), default="lrclr", key="auc_score",
    help="positive: without the negative prompts. pair: CheXzero. lrclr: the mix.",
) or "lrclr"  # fmt: skip
rows = {"these prompts": {name: f.auc[score] for name, f in report.findings.items()}}
if prompts != default_prompts():
    before = cache.auc(spec, studies, default_prompts())
    rows["default prompts"] = {name: f.auc[score] for name, f in before.findings.items()}
components.show(figures.intervals(rows, "AUC with 95 % interval", 0.5), "auc_figure")
st.caption(
    f"{report.n} studies of `{state.get('set')}`; mean AUC {report.mean_auc[score]:.3f}. Intervals "
    "are bootstrapped over cases: with few positives they are wide."
)
changed = cache.against_default(spec, studies, prompts)
if changed:
    st.markdown("**Edited against default**, the same cases for both (LRCLR mix)")
    rows = {"change": changed}
    height = 120 + 34 * len(changed)
    components.show(figures.intervals(rows, "change of AUC", 0.0, height), "auc_change")

st.subheader("Free text")
prompt = components.prompt_box("Any sentence")
free_text.score_card(current, prompt)
