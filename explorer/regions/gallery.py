"""Cards of the set's studies under their region weights, worst errors first."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.evaluation.gallery import (
    KINDS,
    Card,
    FindingScores,
    Gallery,
    check_spread,
    gallery,
    labelled_findings,
    threshold_at_prevalence,
    worst_ranked,
)
from core.studies import StudySet
from explorer.prompts import cache as score_cache
from explorer.regions import cache as region_cache
from explorer.shared import cache, components, state

_PAGE = 12


def draw() -> None:
    """Filters, then cards; a card's button makes its study the current one."""
    here = state.session()
    studies = cache.studies(here.study_set)
    if studies.labels.reindex(columns=list(here.prompts)).nunique().max() < 2:
        st.info("No finding of this set is labelled present on one film and absent on another: "
                "no score can be called right or wrong.")  # fmt: skip
        return
    scores = score_cache.scores(here.model, studies, here.prompts)["lrclr"]
    chosen = _choose(studies, labelled_findings(studies, list(here.prompts), scores))
    st.caption(f"{chosen.sentence} The worst errors come first.")
    if not chosen.cards:
        st.info("No study of the set is of this kind at this threshold.")
        return
    texts = here.prompts[chosen.finding].positive
    draw_cards(studies, one_page(chosen.cards, _PAGE, "gallery_page"), texts)


def draw_cards(
    studies: StudySet, cards: Sequence[Card], texts: tuple[str, ...],
    below: Callable[[Card], None] | None = None,
) -> None:  # fmt: skip
    """Pictures under their region weights, each with what is said of it and a button.

    Args:
        texts: whose region weights are shown.
        below: draws what else a card has.
    """
    model = state.session().model
    for place, card in zip(components.row(*[235] * len(cards)), cards, strict=True):
        with place:
            picture = region_cache.weights_picture(model, studies, card.row, texts)
            components.picture(
                picture, f"Radiograph {studies.study_id(card.row)} under its region weights."
            )
            _card(studies, card)
            if below:
                below(card)


def _choose(studies: StudySet, findings: Mapping[str, FindingScores]) -> Gallery:
    """Finding, kind and threshold."""
    one, two, three = st.columns([1, 1, 2])
    names = list(findings)
    # Starts where there is most to see: at the finding that is ranked worst.
    first = names.index(worst_ranked(findings))
    finding = findings[one.selectbox("Finding", names, first, key="gallery_finding")]
    kind = two.selectbox(
        "Show", list(KINDS), key="gallery_kind", format_func=_words
    )
    check_spread(finding, studies.spec)
    low, high = finding.extent
    threshold = three.slider(
        "Threshold of the score", low, high, threshold_at_prevalence(finding), (high - low) / 200,
        key=f"gallery_{finding.finding}",
        help="Starts where as many studies are called positive as are labelled so. Fit it on "
        "validation cases, never on the ones you report.",
    )  # fmt: skip
    return gallery(finding, threshold, kind)


def _words(kind: str) -> str:
    return f"{kind}: {KINDS[kind]}" if kind.startswith("false") else kind


def one_page(cards: tuple[Card, ...], size: int, key: str) -> tuple[Card, ...]:
    """So many cards, of a page that is chosen where there are more."""
    pages = (len(cards) - 1) // size + 1
    page = 1
    if pages > 1:
        kept = state.lasting(key, 1, range(1, pages + 1))
        page = int(st.number_input(f"Page, 1 to {pages}", 1, pages, key=kept, width=140))
    return cards[(page - 1) * size : page * size]


def _card(studies: StudySet, card: Card) -> None:
    called, labelled = ("positive" if yes else "negative" for yes in (card.called, card.labelled))
    mark = ":red[wrong]" if card.wrong else ":green[right]"
    # Not a caption: its faded text takes coloured words below AA.
    st.markdown(f":small[{mark}: called {called}, labelled {labelled}; score {card.score:z.2f}]")
    components.open_button(studies, card.row, f"open_{card.row}")
