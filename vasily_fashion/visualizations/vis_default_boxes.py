import copy
from typing import TYPE_CHECKING

from vasily_fashion.visualizations._picture import new_axes
from vasily_fashion.visualizations.category_colours import CATEGORY_COLOURS

import numpy as np
from chainercv.utils import bbox_iou
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

if TYPE_CHECKING:
    from vasily_fashion.links import FashionSSD300

# More of an item's default boxes hide one another.
_N_BEST = 2


def vis_default_boxes(
        img: np.ndarray, bbox: np.ndarray, label: np.ndarray,
        model: 'FashionSSD300', level: int, ax: Axes | None = None) -> Axes:
    """Draw which default boxes of one feature map match the items of a photo.

    As figure 1 of the SSD paper [#]_, computed by the detector's own coder:
    the true boxes; the cells of the feature map; and of the default boxes that
    match an item the two that overlap it most, dashed, in the colour of the
    item's category, with a dot in the middle of their cell.

    .. [#] Wei Liu et al. SSD: Single Shot MultiBox Detector. ECCV 2016.

    Args:
        img (numpy.ndarray): The photo, :math:`(3, H, W)`, float32, RGB,
            :math:`[0, 255]`.
        bbox (numpy.ndarray): Its true boxes, :math:`(R, 4)`.
        label (numpy.ndarray): Their categories, :math:`(R,)`.
        model (vasily_fashion.links.FashionSSD300): The detector.
        level (int): Which feature map; 0 is the finest.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.

    Raises:
        ValueError: If there is no such feature map.
    """
    grids = model.extractor.grids
    if not 0 <= level < len(grids):
        raise ValueError(
            f'level must be 0 to {len(grids) - 1}, not {level}: there are '
            f'feature maps of {", ".join(f"{g} x {g}" for g in grids)}')
    ax = ax or new_axes(4, 4 * img.shape[1] / img.shape[2])
    size = np.array(img.shape[1:])
    boxes, matched = match_default_boxes(bbox, label, size, model, level)
    ax.imshow(np.clip(img, 0, 255).astype(np.uint8).transpose(1, 2, 0))
    for k in range(1, grids[level]):
        y, x = k * size / grids[level] - .5
        ax.axhline(y, color='white', linewidth=.5, alpha=.7)
        ax.axvline(x, color='white', linewidth=.5, alpha=.7)
    for box, k in zip(bbox, label, strict=True):
        colour = CATEGORY_COLOURS[k % len(CATEGORY_COLOURS)]
        its = boxes[matched == k]
        overlap = bbox_iou(box[None], its)[0]
        best = np.argsort(-overlap, kind='stable')[:_N_BEST]
        for its_box in its[best[overlap[best] > 0]]:
            _draw(ax, its_box, colour, 1.4, '--')
            y, x = (its_box[:2] + its_box[2:]) / 2 - .5
            ax.plot(x, y, 'o', color=colour, markersize=4)
        _draw(ax, box, colour, 2.2, '-')
    ax.set_xlim(-.5, size[1] - .5)
    ax.set_ylim(size[0] - .5, -.5)
    ax.axis('off')
    return ax


def match_default_boxes(
        bbox: np.ndarray, label: np.ndarray,
        size: tuple[int, int] | np.ndarray, model: 'FashionSSD300',
        level: int) -> tuple[np.ndarray, np.ndarray]:
    """The default boxes of a feature map, and the items that they match.

    Args:
        bbox, label: As of :func:`vis_default_boxes`.
        size ((int, int)): Height and width of the photo.
        model, level: As of :func:`vis_default_boxes`.

    Returns:
        (numpy.ndarray, numpy.ndarray):
        :math:`(G^2, K, 4)`, the boxes of each cell on the photo;
        :math:`(G^2, K)`, the label that each matches, or -1.
    """
    size = np.asarray(size, np.float32)
    scale = model.insize / np.tile(size, 2)
    coder = copy.copy(model.coder)
    coder.to_cpu()
    _, mb_label = coder.encode(
        (bbox * scale).astype(np.float32), label)
    n_of_level = [
        grid ** 2 * (2 * len(ratios) + 2) for grid, ratios in zip(
            model.extractor.grids, model.multibox.aspect_ratios, strict=True)]
    start = sum(n_of_level[:level])
    part = slice(start, start + n_of_level[level])
    # centres and sizes, in pixels of what the network sees
    y, x, h, w = coder._default_bbox[part].T
    boxes = np.stack(
        [y - h / 2, x - w / 2, y + h / 2, x + w / 2], axis=1) / scale
    n_cell = model.extractor.grids[level] ** 2
    return (boxes.reshape(n_cell, -1, 4),
            mb_label[part].reshape(n_cell, -1) - 1)


def _draw(ax, box, colour, width, style):
    y0, x0, y1, x1 = box
    ax.add_patch(Rectangle(
        (x0 - .5, y0 - .5), x1 - x0, y1 - y0, fill=False, edgecolor=colour,
        linewidth=width, linestyle=style))
