from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.visualizations._picture import (
    BLUE,
    GREY,
    INK,
    arrow,
    best_items,
    block,
    outline,
    picture,
    set_up,
)

import numpy as np
from matplotlib import color_sequences
from matplotlib.axes import Axes

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem

_WIDTH, _HEIGHT = 13., 6.4
_TOP = 5.1
_COLOURS = color_sequences['Dark2']


def vis_overview(
        img: np.ndarray, items: 'Sequence[RetrievedItem]',
        product_image: Callable[..., np.ndarray], ax: Axes | None = None) -> Axes:
    """Draw the three tasks: detection, category, retrieval.

    The article's overview: what happens to one snap, from left to right.

    Args:
        img, items, product_image: As of
            :func:`~vasily_fashion.visualizations.vis_retrieval`; the four items of the
            best scores are drawn, and four product images of each.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.
    """
    ax = set_up(ax, _WIDTH, _HEIGHT)
    items = best_items(items)
    for x, w, title, by in (
            (.3, 3.2, '1  Detection', 'SSD300: where is an item?'),
            (4.5, 2.6, '2  Category', 'SSD300: what is it?'),
            (8.1, 4.6, '3  Retrieval', 'StyleExtractorBN: which are like it?')):
        block(ax, x, 5.72, w, .42, title)
        ax.text(x + w / 2, 5.5, by, ha='center', va='center', fontsize=10,
                color=GREY)
    where = picture(ax, img, (.3, .2, 3.2, _TOP))
    height = _TOP / max(len(items), 1)
    for i, (item, colour) in enumerate(zip(items, _COLOURS, strict=False)):
        y = .2 + _TOP - (i + .5) * height
        outline(ax, img, where, item.bbox, colour)
        crop, = crop_by_bbox(img, item.bbox[None])
        cell = min(height - .14, 1.3)
        picture(ax, crop, (4.5, y - cell / 2, 1.2, cell), colour, 2.2)
        if item.category_name is not None:
            ax.text(5.85, y, item.category_name, fontsize=12,
                    va='center', color=colour)
        arrow(ax, (7.2, y), (7.9, y), colour)
        for j, product in enumerate(item.ids[:4].tolist()):
            picture(ax, product_image(product),
                    (8.1 + 1.16 * j, y - cell / 2, 1.08, cell))
    arrow(ax, (where[0] + where[2] + .15, .2 + _TOP / 2), (4.3, .2 + _TOP / 2), INK)
    if not items:
        ax.text(6.5, .2 + _TOP / 2, 'no item found', color=BLUE,
                ha='center', fontsize=12)
    return ax
