"""When one claim is false given others: the logic behind contradictions.

A report is taken to be complete about what it names: "left effusion" says that there is none on the
right, unless another sentence names that one too. A statement of less is no conflict: "effusion"
does not contradict "left effusion", nor "left" "both".
"""

from collections.abc import Iterable, Sequence

from core.language.claim import ABSENT, OPACITIES, PRESENT, UNCERTAIN, Claim, excludes

_MAY_BE_NORMAL = ("No Finding", "Support Devices")
_NEAR_ZONES = ({"basal", "lower"}, {"apical", "upper"})


def contradicted(claims: Iterable[Claim], truth: Sequence[Claim]) -> bool:
    """True if at least one of the claims is false where all of `truth` holds.

    >>> from core.language.reader import read
    >>> contradicted(read("right effusion"), read("small left effusion"))
    True
    >>> contradicted(read("effusion"), read("small left effusion"))
    False
    """
    return any(_is_false(claim, truth) for claim in claims)


def _is_false(claim: Claim, truth: Sequence[Claim]) -> bool:
    if claim.finding == "No Finding" and claim.polarity == PRESENT:
        return any(t.polarity == PRESENT and t.finding not in _MAY_BE_NORMAL for t in truth) or any(
            t.polarity == ABSENT and t.finding == "No Finding" for t in truth
        )
    if claim.polarity != ABSENT:
        denied = [t for t in truth if claim.finding in excludes(t) and _reaches(t, claim)]
        if claim.polarity == UNCERTAIN:
            denied = []  # a doubt is not refuted; its side can be
        names = OPACITIES if claim.finding == "Lung Opacity" else {claim.finding}
        stated = [t for t in truth if t.finding in names and t.polarity != ABSENT]
        sides = {t.side for t in stated}
        if claim.side == "both" and {"left", "right"} <= sides:
            return False
        agrees = any(_agree(claim, t) for t in stated)
        return bool(denied or stated) and not agrees
    return any(
        t.polarity == PRESENT and t.finding in excludes(claim) and _reaches(claim, t) for t in truth
    )


def _reaches(denial: Claim, stated: Claim) -> bool:
    """Whether a denial covers what is stated: "no left effusion" says nothing of the right."""
    side = denial.side in (None, "both", stated.side) or stated.side == "both"
    return (
        side
        and denial.kind in ("", stated.kind)
        and denial.severity in (None, stated.severity)
        and denial.zone in ("", stated.zone)
    )


def _agree(claim: Claim, stated: Claim) -> bool:
    """Whether both can be said of one and the same finding."""
    side = None in (claim.side, stated.side) or claim.side == stated.side or stated.side == "both"
    zones = {claim.zone, stated.zone}
    return (
        side
        and (len(zones - {""}) < 2 or zones in _NEAR_ZONES)
        and len({claim.kind, stated.kind} - {""}) < 2
        and len({claim.severity, stated.severity} - {None}) < 2
        and not _sizes_differ(claim.millimetres, stated.millimetres)
    )


def _sizes_differ(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and max(one, other) >= 2 * min(one, other)
