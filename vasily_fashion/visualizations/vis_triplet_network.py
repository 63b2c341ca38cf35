from collections.abc import Sequence

from vasily_fashion.visualizations._picture import (
    BLUE,
    GREEN,
    GREY,
    INK,
    RED,
    arrow,
    block,
    picture,
    set_up,
)

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 12.4, 6.6
_ROW = 2.1
_NAMES = ('$x_q$', '$x_p$', '$x_n$')
_WHAT = ('snap crop', 'product image\nof the same item',
         'product image\nof another item')


def vis_triplet_network(
        imgs: Sequence[np.ndarray], embeddings: np.ndarray, margin: float = 0.2,
        ax: Axes | None = None) -> Axes:
    """Draw the triplet network: three images, one network, two distances.

    The network whose loss is :math:`\\max(0, |f_q - f_p|^2 - |f_q - f_n|^2 +
    m)`, as in the article; see Hoffer & Ailon, Deep metric learning using
    triplet network, 2015.

    Args:
        imgs (sequence of arrays): Snap crop, product image of its item,
            product image of another; :math:`(3, H, W)`, RGB,
            :math:`[0, 255]`.
        embeddings (array): :math:`(3, D)`, theirs. They are drawn, and the
            distances between them written.
        margin (float): :math:`m`.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.
    """
    ax = set_up(ax, _WIDTH, _HEIGHT)
    embeddings = np.asarray(embeddings)
    # the product image of the same item above, the other below
    rows = {1: 2, 0: 1, 2: 0}
    middle = {i: .25 + _ROW * row + _ROW / 2 for i, row in rows.items()}
    limit = max(np.abs(embeddings).max(), 1e-9)
    for i, y in middle.items():
        colour = (INK, GREEN, RED)[i]
        ax.text(1.3, y + .12, _NAMES[i], ha='center', va='bottom',
                fontsize=15, color=colour)
        ax.text(1.3, y - .05, _WHAT[i], ha='center', va='top', fontsize=9,
                color=INK)
        x, _, wide, _ = picture(
            ax, imgs[i], (2.5, y - .92, 1.9, 1.84), colour)
        arrow(ax, (x + wide + .08, y), (5.1, y))
        arrow(ax, (7.1, y), (7.55, y))
        _embedding(ax, embeddings[i], 7.65, y, limit)
    block(ax, 5.15, .55, 1.9, _HEIGHT - 1.1,
          'StyleExtractorBN\n\n$f$\n\nthe same weights\nfor all three')
    ax.text(8.65, _HEIGHT - .22, f'{embeddings.shape[1]} floats', fontsize=9,
            ha='center', va='center', color=GREY)
    near, far = (((embeddings[0] - embeddings[i]) ** 2).sum() for i in (1, 2))
    for i, distance, colour, name in (
            (1, near, GREEN, 'f_q - f_p'), (2, far, RED, 'f_q - f_n')):
        low, high = sorted((middle[0], middle[i]))
        arrow(ax, (10.0, low + .12), (10.0, high - .12), colour, '<|-|>')
        ax.text(10.15, (low + high) / 2,
                f'$|{name}|^2$\n$= {distance:.3f}$', fontsize=11, va='center',
                color=colour)
    loss = max(0, near - far + margin)
    ax.text(11.6, middle[0], f'loss\n{loss:.3f}', ha='center', va='center',
            fontsize=12, color=BLUE)
    ax.text(11.6, middle[0] - .5, f'max(0, {near:.3f} - {far:.3f} + {margin:g})',
            ha='center', va='center', fontsize=7, color=GREY)
    return ax


def _embedding(ax, values, x, y, limit):
    """A grid of cells, red above and blue below zero."""
    n_column = 16
    n_row = -(-len(values) // n_column)
    cells = np.full(n_row * n_column, np.nan)
    cells[:len(values)] = values
    size = 2. / n_column
    ax.pcolormesh(
        x + size * np.arange(n_column + 1),
        y + size * (n_row / 2 - np.arange(n_row + 1)),
        cells.reshape(n_row, n_column), cmap=colormaps['RdBu_r'],
        vmin=-limit, vmax=limit, edgecolors='white', linewidth=.4)
