"""`python -m core doctor`: what is installed and found, what is missing and where to put it."""

import typer

_MARKS = {"ok": "ok     ", "missing": "MISSING", "optional": "-      "}


def doctor_command() -> None:
    """Say what is installed and found, what is missing and where to put it (exit code 1)."""
    from core.health import examine

    findings = examine()
    for finding in findings:
        print(f"{_MARKS[finding.state]} {finding.what:22} {finding.said}")
    missing = [finding for finding in findings if finding.state == "missing"]
    if missing:
        print(f"\n{len(missing)} missing: {', '.join(finding.what for finding in missing)}.")
        raise typer.Exit(1)
    print("\nEverything needed is here; what is marked with a dash is optional.")
