"""`python -m core runs`: fine-tuning runs in a table, or some of them compared."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import check_out, write_json
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.training.compare import Summary
    from core.training.runs import Run


def runs_command(
    names: Annotated[list[str] | None, typer.Argument(help="Runs to compare.")] = None,
    time_lapse: Annotated[bool, typer.Option("--time-lapse", help="Of the runs named: the regions "
                                             "of each sentence on pinned films, by step.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures there.")] = None,
) -> None:
    """List the fine-tuning runs; with names, compare their figures and differing settings."""
    from core.training.compare import differing, gains, summary
    from core.training.runs import list_runs

    check_out(json)
    known = {run.name: run for run in list_runs()}
    for name in names or []:
        if name not in known:
            there = ", ".join(known) or "none yet"
            raise ExplorerError(f"There is no run '{name}'; known: {there}.")
    chosen = [known[name] for name in names] if names else list(known.values())
    if time_lapse:
        if not names:
            raise ExplorerError("A time-lapse is of a run; name it: `runs NAME --time-lapse`.")
        _time_lapses(chosen, json)
        return
    found = [summary(run) for run in chosen]
    settings = differing(chosen) if names else {}
    gained = {run.name: gains(chosen[0], run) for run in chosen[1:]} if names else {}
    if json:
        told = {
            run: {finding: gain._asdict() for finding, gain in each.items()}
            for run, each in gained.items()
        }
        runs = [each.to_json() for each in found]
        write_json(json, {"runs": runs, "differing": settings, "gains": told})
    if not found:
        print("There is no run yet; `python -m core finetune --out runs/NAME` makes one.")
        return
    print(f"{'run':24s} {'status':10s} {'step':>13s} {'time':>7s} {'AUC':>6s} {'point.':>9s} best")
    for each in found:
        print(_line(each))
    for each in found:
        for alarm in each.alarms:
            print(f"{each.name}: {alarm}")
    for setting, values in settings.items():
        print(f"{setting:32s} " + "  ".join(f"{value!s:>12}" for value in values))
    if names:
        _findings(found)
    for name, by_finding in gained.items():
        if by_finding:
            print(f"AUC of {name} less that of {found[0].name}, 95 % interval, same studies")
        for finding, gain in by_finding.items():
            print(f"{finding:32s} {gain.value:+.3f} [{gain.low:+.3f} {gain.high:+.3f}]")


def _line(run: "Summary") -> str:
    auc = f"{run.auc['lrclr']:.3f}" if "lrclr" in run.auc else "-"
    pointing = f"{run.pointing:.3f}" if run.pointing is not None else "-"
    at = f"{run.step} of {run.steps}"
    return (
        f"{run.name:24s} {run.status:10s} {at:>13s} {run.seconds:6.0f}s {auc:>6s} {pointing:>9s} "
        f"{run.best_step if run.best_step is not None else '-'}"
    )


def _findings(found: "list[Summary]") -> None:
    print(f"{'AUC of the mixed score':32s} " + "  ".join(f"{run.name:>12s}" for run in found))
    names = dict.fromkeys(name for run in found for name in run.auc_by_finding.get("lrclr", {}))
    for name in names:
        values = [run.auc_by_finding.get("lrclr", {}).get(name, float("nan")) for run in found]
        print(f"{name:32s} " + "  ".join(f"{value:12.3f}" for value in values))


def _time_lapses(chosen: "list[Run]", json: Path | None) -> None:
    """Print where each sentence's three heaviest regions lie at each step; write them all."""
    from core.training.timelapse import read_timelapse

    told = {}
    for run in chosen:
        seen = read_timelapse(run.dir)
        if seen is None or not seen.words:
            raise ExplorerError(
                f"The run '{run.name}' kept no words and regions; a run of this version does, from "
                "its first check on, where its check's set has masks."
            )
        told[run.name] = seen.to_json()
    if json:
        write_json(json, {"time_lapse": told})
    for name, films in told.items():
        for film in films:
            print(f"{name}: {film['film']}, boxes x, y, w, h in a picture of {film['side']} px")
            for text in film["texts"]:
                given = " (given)" if text["given"] else ""
                print(f"  {text['text']}{given}", *map(_step, text["steps"]), sep="\n")


def _step(told: dict[str, Any]) -> str:
    heavy = [f"{100 * one['weight']:.0f} % at " + ", ".join(f"{side:.0f}" for side in one["box"])
             for one in told["regions"][:3]]  # fmt: skip
    regions = "; ".join(heavy) or "no region"
    return f"    step {told['step']:6d}: {regions}; nowhere {100 * told['nowhere']:.0f} %"
