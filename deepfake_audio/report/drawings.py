"""A picture's way out: PNG and SVG files beside the page, and on the page a drawing for a desk and for a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from ..files import replacing, write_text
from .canvas import PHONE_INCHES, as_svg, drawn_svg, for_a_phone, in_page_colours

PNG_DPI = 120
# A figure under its name -> what the page shows of it.
Draw = Callable[[str, Figure], str]


def save_and_draw(folder: Path, name: str, figure: Figure) -> str:
    """Save `name`.png and `name`.svg in `folder`, and return what the page shows.

    A figure that is wider than a phone is drawn twice, and the page shows the one that fits.
    """
    # Ink on nothing could not be read where the viewer is dark.
    figure.patch.set_alpha(None)
    with replacing(folder / f"{name}.png") as part:
        figure.savefig(part, dpi=PNG_DPI, facecolor="white")
    # Where everything goes is known by now, and to find it takes longer than to draw it.
    figure.set_layout_engine("none")
    svg = drawn_svg(figure, name)
    # Where nobody sets the paper, it is white: the ink is dark.
    write_text(folder / f"{name}.svg", svg.replace("<svg ", '<svg style="background: #fff" ', 1))
    if figure.get_figwidth() <= PHONE_INCHES:
        return in_page_colours(svg, name)
    figure.set_layout_engine("constrained")
    narrow = as_svg(for_a_phone(figure), f"{name}-phone")
    return f'<div class="desk">{in_page_colours(svg, name)}</div><div class="phone">{narrow}</div>'
