from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vasily_fashion.visualizations._sheet_layout import SheetLayout

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem

INK, GREY, BLUE, RED, GREEN = (
    '#333333', '#8c8c8c', '#30638e', '#d1495b', '#5b8c5a')


def new_axes(width: float, height: float) -> Axes:
    """Make axes without ticks, of a size in inches."""
    figure = Figure(figsize=(width, height), facecolor='white')
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1))


def set_up(ax: Axes | None, width: float, height: float) -> Axes:
    """Axes, new ones if there are none, of that many units."""
    ax = ax or new_axes(width, height)
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    ax.set_aspect('equal')
    ax.axis('off')
    return ax


def picture(
        ax: Axes, img: np.ndarray, box: tuple[float, float, float, float],
        colour: Any = None, linewidth: float = 1.5,
) -> tuple[float, float, float, float]:
    """Draw an image as large as fits into (x, y, width, height), centred.

    Returns:
        (float, float, float, float): Where it is: x, y, width, height.
    """
    img = np.clip(np.asarray(img), 0, 255).astype(np.uint8)
    x, y, wide, high = SheetLayout.fit(img.shape[1:], box)
    ax.imshow(img.transpose(1, 2, 0), extent=(x, x + wide, y, y + high),
              interpolation='antialiased', zorder=2)
    ax.add_patch(Rectangle(
        (x, y), wide, high, fill=False, edgecolor=colour or '#dddddd',
        linewidth=linewidth if colour else .8, zorder=3))
    return x, y, wide, high


def best_items(items: 'Sequence[RetrievedItem]') -> 'list[RetrievedItem]':
    """The four items of the best scores; boxes that users drew come first."""
    return sorted(items, key=lambda item: -np.nan_to_num(item.score, nan=2.))[:4]


def outline(
        ax: Axes, img: np.ndarray, where: tuple[float, float, float, float],
        bbox: np.ndarray, colour: Any) -> tuple[float, float]:
    """Draw a box of an image that :func:`picture` drew.

    Returns:
        (float, float): The middle of its right edge.
    """
    left, bottom, _, high = where
    y_min, x_min, y_max, x_max = np.clip(
        bbox, 0, np.tile(img.shape[1:], 2)) * (high / img.shape[1])
    ax.add_patch(Rectangle(
        (left + x_min, bottom + high - y_max), x_max - x_min, y_max - y_min,
        fill=False, edgecolor=colour, linewidth=2.2, zorder=4))
    return left + x_max, bottom + high - (y_min + y_max) / 2


def arrow(
        ax: Axes, start: tuple[float, float], stop: tuple[float, float],
        colour: Any = INK, style: str = '-|>', **kwargs: Any) -> None:
    ax.add_patch(FancyArrowPatch(
        start, stop, arrowstyle=style, mutation_scale=12, color=colour,
        linewidth=1.4, shrinkA=0, shrinkB=0, zorder=4, **kwargs))


def block(
        ax: Axes, x: float, y: float, w: float, h: float, text: str) -> None:
    """Draw a rounded block with white text in it."""
    ax.add_patch(FancyBboxPatch(
        (x, y), w, h, boxstyle='round,pad=0,rounding_size=.12',
        facecolor=BLUE, edgecolor='none', zorder=2))
    ax.text(x + w / 2, y + h / 2, text, color='white', ha='center',
            va='center', fontsize=11, zorder=3)
