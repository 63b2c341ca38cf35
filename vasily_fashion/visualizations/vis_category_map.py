from collections.abc import Sequence

from vasily_fashion.visualizations._picture import new_axes

import numpy as np
from matplotlib import color_sequences
from matplotlib.axes import Axes


def vis_category_map(
        positions: np.ndarray, categories: np.ndarray, names: Sequence[str],
        ax: Axes | None = None) -> Axes:
    """Draw positions as dots, coloured by category.

    Args:
        positions (array): :math:`(N, 2)`, such as t-SNE makes of embeddings.
        categories (array): :math:`(N,)` int, indices into `names`; others are
            grey.
        names (sequence of str): The categories.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.
    """
    ax = ax or new_axes(10, 10)
    positions, categories = np.asarray(positions), np.asarray(categories)
    colours = color_sequences['tab20']
    # full colours first, then the pale ones
    colours = colours[::2] + colours[1::2]
    size = np.clip(4e4 / max(len(positions), 1), 4, 90)
    known = (categories >= 0) & (categories < len(names))
    ax.scatter(*positions[~known].T, s=size, color='#bbbbbb', linewidths=0)  # type: ignore[misc]
    for category in np.unique(categories[known]).tolist():
        ax.scatter(*positions[categories == category].T, s=size, alpha=.85,  # type: ignore[misc]
                   color=[colours[category % len(colours)]], linewidths=0,
                   label=names[category])
    if known.any():
        ax.legend(frameon=False, fontsize=9, loc='center left',
                  bbox_to_anchor=(1, .5))
    ax.set_aspect('equal', 'datalim')
    ax.axis('off')
    return ax
