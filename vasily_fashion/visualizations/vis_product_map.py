from collections.abc import Sequence

from vasily_fashion.transforms import letterbox
from vasily_fashion.visualizations._picture import new_axes

import numpy as np
from matplotlib.axes import Axes

# Cells of the map for each thumbnail, and along a side at most.
_N_CELL = 2.2
_MAX_SIDE = 90
_WIDTH = 2400


def vis_product_map(
        positions: np.ndarray, thumbnails: Sequence[np.ndarray],
        ax: Axes | None = None) -> Axes:
    """Draw product images at their positions, none over another.

    The map is a grid. Each image takes the free cell that is nearest to its
    position; where there are more images than cells (8,100), those that
    would end up far from where they belong are left out.

    Args:
        positions (array): :math:`(N, 2)`, such as t-SNE makes of embeddings.
        thumbnails (sequence of arrays): :math:`(3, H, W)` each, RGB,
            :math:`[0, 255]`.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.
    """
    ax = ax or new_axes(10, 10)
    n_side = int(np.clip(
        np.ceil(np.sqrt(_N_CELL * len(positions))), 2, _MAX_SIDE))
    size = _WIDTH // n_side
    canvas = np.full((n_side * size, n_side * size, 3), 255, np.uint8)
    for i, (row, column) in nearest_cells(positions, n_side).items():
        thumbnail = letterbox(
            np.asarray(thumbnails[i], np.float32), (size - 2, size - 2))
        y, x = row * size + 1, column * size + 1
        canvas[y:y + size - 2, x:x + size - 2] = np.clip(
            thumbnail, 0, 255).transpose(1, 2, 0)
    ax.imshow(canvas, interpolation='antialiased')
    ax.axis('off')
    return ax


def nearest_cells(
        positions: np.ndarray, n_side: int) -> dict[int, tuple[int, int]]:
    """Give positions cells of a square grid, one each.

    Args:
        positions (array): :math:`(N, 2)`: x, y, upwards.
        n_side (int): Rows and columns.

    Returns:
        dict: From indices of positions to (row, column), row 0 on top. Those
        that find no free cell within a tenth of the grid are not there.
    """
    positions = np.asarray(positions, float)
    lower, upper = positions.min(axis=0), positions.max(axis=0)
    extent = np.where(upper > lower, upper - lower, 1)
    at = (positions - lower) / extent * (n_side - 1)
    at[:, 1] = n_side - 1 - at[:, 1]
    # from the middle outwards, so that crowds grow at their edges
    order = np.argsort(((at - at.mean(axis=0)) ** 2).sum(axis=1), kind='stable')
    reach = max(2, n_side // 10)
    steps = np.mgrid[-reach:reach + 1, -reach:reach + 1].reshape(2, -1).T
    taken = np.zeros((n_side, n_side), bool)
    cells = {}
    for i in order.tolist():
        around = np.rint(at[i]).astype(int) + steps
        around = around[((around >= 0) & (around < n_side)).all(axis=1)]
        free = around[~taken[around[:, 1], around[:, 0]]]
        if len(free):
            x, y = free[((free - at[i]) ** 2).sum(axis=1).argmin()].tolist()
            taken[y, x] = True
            cells[i] = y, x
    return cells
