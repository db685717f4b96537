"""An address as a QR code: for a terminal, and as SVG for a page."""

import io

import segno


def for_terminal(url: str, colours: bool) -> str:
    """Lines of half blocks.

    Args:
        colours: light and dark said by ANSI sequences; else a terminal with dark signs on light
            ground shows the code as a negative, which not every phone reads.
    """
    lines = io.StringIO()
    _code(url).terminal(lines, compact=True, border=2)
    told = lines.getvalue().rstrip("\n").split("\n")
    if colours:
        told = [f"\x1b[97;40m{line}\x1b[0m" for line in told]
    return "\n".join(told)


def as_svg(url: str) -> str:
    """A picture as an SVG document, dark on white with its quiet border."""
    picture = io.BytesIO()
    _code(url).save(picture, kind="svg", light="#fff", dark="#000", border=4, scale=8,
                    xmldecl=False, nl=False)  # fmt: skip
    return picture.getvalue().decode()


def _code(url: str) -> segno.QRCode:
    return segno.make(url, error="m", micro=False)
