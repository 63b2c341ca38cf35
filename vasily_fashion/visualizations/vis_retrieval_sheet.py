from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vasily_fashion.visualizations._sheet_layout import SheetLayout
from vasily_fashion.visualizations.vis_retrieval import vis_retrieval

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem


def vis_retrieval_sheet(
        imgs: Sequence[np.ndarray], results: 'Sequence[Sequence[RetrievedItem]]',
        product_image: Callable[..., np.ndarray],
        titles: Sequence[str | None] | None = None, n_column: int = 1,
        fig: Figure | None = None) -> Figure:
    """Draw several snaps and what was retrieved for them on one sheet.

    Each is drawn as :func:`~vasily_fashion.visualizations.vis_retrieval`
    does, all in the same scale. They fill the columns from the top, row by
    row.

    Args:
        imgs, results, product_image: As `img`, `items` and `product_image` there, of
            each snap.
        titles (list of str): A line above each snap. None by default.
        n_column (int): How many snaps are beside each other.
        fig (matplotlib.figure.Figure): The figure to draw in, which is
            given the size of the sheet. A new one by default.

    Returns:
        matplotlib.figure.Figure:
        The figure. Nothing is shown, and pyplot is not used.

    Raises:
        ValueError: The lists are empty or of different lengths.

    """
    if titles is None:
        titles = [None] * len(imgs)
    if not len(imgs) == len(results) == len(titles):
        raise ValueError(
            'imgs, results and titles must be equally long, but there are '
            f'{len(imgs)}, {len(results)} and {len(titles)}')
    if not len(imgs):
        raise ValueError('imgs is empty; give at least one snap')
    if n_column < 1:
        raise ValueError(f'n_column must be 1 or more, not {n_column}')

    n_column = min(n_column, len(imgs))
    layouts = [SheetLayout(img, items)
               for img, items in zip(imgs, results, strict=True)]
    column_width = max(layout.width for layout in layouts)
    heights = [max(layout.height for layout in layouts[i:i + n_column])
               for i in range(0, len(layouts), n_column)]
    width, height = n_column * column_width, sum(heights)

    if fig is None:
        fig = Figure(facecolor='white')
        FigureCanvasAgg(fig)
    fig.set_size_inches(width, height)
    for i, layout in enumerate(layouts):
        row, column = divmod(i, n_column)
        top = sum(heights[:row])
        ax = fig.add_axes((
            column * column_width / width,
            1 - (top + layout.height) / height,
            layout.width / width, layout.height / height))
        vis_retrieval(imgs[i], results[i], product_image, titles[i], ax)
    return fig
