from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vasily_fashion.visualizations._picture import (
    BLUE,
    GREY,
    INK,
    best_items,
    outline,
    picture,
    set_up,
)

import numpy as np
from matplotlib import color_sequences
from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch, Rectangle

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem

_WIDTH, _HEIGHT = 12., 4.6
_COLOURS = color_sequences['Dark2']


def vis_title(
        img: np.ndarray, items: 'Sequence[RetrievedItem]',
        product_image: Callable[..., np.ndarray], title: str,
        subtitle: str = '', ax: Axes | None = None) -> Axes:
    """Draw a title picture: a snap with similar products of a shop around it.

    Args:
        img, items, product_image: As of
            :func:`~vasily_fashion.visualizations.vis_overview`; each item's
            nearest product images fill a column.
        title, subtitle (str): What is written.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.
    """
    ax = set_up(ax, _WIDTH, _HEIGHT)
    # from head to foot, as their rows are
    items = sorted(best_items(items), key=lambda item: item.bbox[0] + item.bbox[2])
    ax.text(.45, 2.75, title, fontsize=27, weight='bold', color=INK,
            va='bottom')
    ax.text(.45, 2.45, subtitle, fontsize=12, color=GREY, va='top',
            linespacing=1.5)
    ax.add_patch(Rectangle((.45, 2.6), .9, .05, color=BLUE))
    where = picture(ax, img, (4.5, .2, 3., 4.2))
    row = 4.2 / max(len(items), 1)
    for i, (item, colour) in enumerate(zip(items, _COLOURS, strict=False)):
        y = .2 + 4.2 - (i + .5) * row
        ax.add_patch(ConnectionPatch(
            outline(ax, img, where, item.bbox, colour), (8., y), 'data',
            'data', color=colour, linewidth=1.4, zorder=5))
        cell = min(row - .12, 1.25)
        for j, product in enumerate(item.ids[:3].tolist()):
            picture(ax, product_image(product),
                    (8.05 + 1.25 * j, y - cell / 2, 1.15, cell),
                    colour if j == 0 else None)
    return ax
