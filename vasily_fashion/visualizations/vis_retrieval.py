import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.visualizations._picture import new_axes
from vasily_fashion.visualizations._sheet_layout import SheetLayout
from vasily_fashion.visualizations.category_colours import CATEGORY_COLOURS

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from PIL import Image

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem

_UNKNOWN_COLOUR = '#333333'
_GREY = '#777777'
_FRAME = '#dddddd'
# Names of files are in any language; matplotlib's own font is Western.
_FONTS = ['DejaVu Sans'] + [
    name for name in ('Noto Sans CJK JP', 'Noto Sans JP', 'IPAexGothic',
                      'IPAGothic', 'Hiragino Sans', 'Yu Gothic', 'Meiryo')
    if name in font_manager.get_font_names()]
# The side of a picture on the sheet, in pixels of an inch's cell.
_PIXEL_PER_UNIT = 250


def vis_retrieval(
        img: np.ndarray, items: 'Sequence[RetrievedItem]',
        product_image: Callable[..., np.ndarray],
        title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw one snap, its items, and their nearest product images.

    The result sheet of VASILY's article: the snap with boxes and categories
    on the left; next to it a row for each item, best score first: its crop,
    framed in the colour of its category, and its product images, nearest
    first, on white, with squared distance and id below them.

    .. code-block:: python

        items, = retriever.retrieve([img], k=5)
        ax = vis_retrieval(img, items, products.__getitem__)
        ax.figure.savefig('retrieval.png')

    Args:
        img (numpy.ndarray): The snap, :math:`(3, H, W)`, :obj:`float32`, RGB,
            :math:`[0, 255]`.
        items (list of RetrievedItem): What
            :meth:`~vasily_fashion.retrieval.FashionItemRetriever.retrieve`
            returned for it.
        product_image (callable): Takes an id and returns the product image,
            of the form of :obj:`img`.
        title (str): A line above the snap. None by default.
        ax (matplotlib.axes.Axes): The axes to draw in; all of them is
            cleared of ticks and limits. A new figure of the right size
            by default. Letters are sized for the size that the axes have now.

    Returns:
        matplotlib.axes.Axes:
        The axes. Nothing is shown, and pyplot is not used.

    """
    items = sorted(items, key=lambda item: -np.nan_to_num(item.score, nan=2.))
    layout = SheetLayout(img, items)
    ax = ax or new_axes(layout.width, layout.height)
    ax.set_axis_off()
    ax.set_xlim(0, layout.width)
    ax.set_ylim(layout.height, 0)
    ax.set_aspect('equal', anchor='NW')

    pen = _Pen(ax, layout)
    if title is not None:
        pen.text(layout.title_x, layout.title_y, title, 0.15,
                 layout.photo_panel_width, color='#222222', weight='bold')
    pen.picture(img, layout.photo)
    pen.boxes(img, items)

    if not items:
        pen.text(layout.rows_x, layout.row_y(0) + 0.25, 'no item found', 0.2,
                 layout.width - layout.rows_x, color=_GREY)
    crops = crop_by_bbox(img, np.array([i.bbox for i in items])) \
        if items else []
    for row, (item, crop) in enumerate(zip(items, crops, strict=True)):
        colour = _colour(item)
        pen.picture(crop, layout.cell(row, 0), colour, 2.5)
        pen.tag(*layout.caption(row, 0), _caption(row, item, True), colour,
                layout.cell_width)
        for i, (distance, name) in enumerate(
                zip(item.distances, item.ids, strict=True), 1):
            pen.picture(product_image(name), layout.cell(row, i), _FRAME, 0.8)
            x, y = layout.caption(row, i)
            pen.text(x, y + 0.08, _number(distance), 0.105,
                     layout.cell_width, color=_GREY)
            pen.text(x, y + 0.21, str(name), 0.085, layout.cell_width,
                     color='#aaaaaa')
        if not len(item.ids):
            x, y = layout.cell(row, 1)[:2]
            pen.text(x, y + 0.25, 'no product image', 0.13, 3., color=_GREY)
    return ax


class _Pen:

    """Draws in the units of a layout: one unit is the width of a cell."""

    def __init__(self, ax, layout):
        self.ax = ax
        self.layout = layout
        box = ax.get_window_extent()
        self.point = 72 / ax.figure.dpi * min(
            box.width / layout.width, box.height / layout.height)

    def picture(self, img, box, colour=None, linewidth=0.):
        """Letterbox an image on white in a frame (x, y, width, height)."""
        x, y, width, height = box
        self.ax.add_patch(Rectangle(
            (x, y), width, height, facecolor='white', edgecolor='none'))
        fitted = self.layout.fit(img.shape[1:], box)
        thumbnail = Image.fromarray(
            np.clip(img, 0, 255).astype(np.uint8).transpose(1, 2, 0))
        thumbnail.thumbnail((
            math.ceil(fitted[2] * _PIXEL_PER_UNIT),
            math.ceil(fitted[3] * _PIXEL_PER_UNIT)))
        left, top, w, h = fitted
        self.ax.imshow(
            thumbnail, extent=(left, left + w, top + h, top),
            aspect='equal', zorder=1)
        if colour is not None:
            self.ax.add_patch(Rectangle(
                (x, y), width, height, fill=False, edgecolor=colour,
                linewidth=linewidth, zorder=2))

    def boxes(self, img, items):
        """Draw boxes on the photo, and tags that do not cover each other."""
        left, top, width, height = self.layout.photo
        scale = np.array((height, width)) / img.shape[1:]
        corners = []
        # The best last, on top.
        for row, item in reversed(list(enumerate(items))):
            bbox = np.clip(item.bbox, 0, img.shape[1:] * 2).reshape(2, 2)
            (y0, x0), (y1, x1) = bbox * scale + (top, left)
            corners.append((row, item, x0, y0, x1, y1))
            for linewidth, colour in ((4, 'white'), (2, _colour(item))):
                self.ax.add_patch(Rectangle(
                    (x0, y0), x1 - x0, y1 - y0, fill=False, zorder=3,
                    edgecolor=colour, linewidth=linewidth))
        taken = []
        for row, item, x0, y0, x1, y1 in reversed(corners):
            text = _caption(row, item, False)
            w, h = self.tag_size(text)
            right, bottom = left + width - w, top + height - h
            places = [
                (np.clip(x, left, max(left, right)),
                 np.clip(y, top, max(top, bottom)))
                for x, y in ((x0, y0 - h), (x0, y0), (x1 - w, y0 - h),
                             (x0, y1), (x1 - w, y1), (x0, y1 - h))]
            # When all places near the box are taken, further down.
            places += [(places[1][0], y) for y in np.arange(
                places[1][1], bottom, h / 2)]
            x, y = next((
                (x, y) for x, y in places
                if not any(x < a + c and a < x + w and y < b + d and b < y + h
                           for a, b, c, d in taken)), places[0])
            taken.append((x, y, w, h))
            self.tag(x, y, text, _colour(item))

    def tag_size(self, text):
        return _text_width(text) * 0.13 + 0.12, 0.2

    def tag(self, x, y, text, colour, width=None):
        """Draw white text on a colour."""
        natural, h = self.tag_size(text)
        w = natural if width is None else width
        self.ax.add_patch(Rectangle(
            (x, y), w, h, facecolor=colour, edgecolor=colour, linewidth=1,
            zorder=4))
        self.text(x + 0.06, y + h / 2, text, 0.13 * min(1, w / natural),
                  w, color='white')

    def text(self, x, y, text, size, width, **kwargs):
        """Draw text, shortened to a width."""
        text = ' '.join(text.split())
        while len(text) > 2 and _text_width(text) * size > width:
            # the end of a path tells more than its beginning
            text = '…' + text.lstrip('…')[max(1, len(text) // 12):]
        self.ax.text(
            x, y, text, fontsize=size * self.point, family=_FONTS, ha='left',
            va='center', zorder=5, parse_math=False, **kwargs)


def _text_width(text):
    """The width of a text of font size 1."""
    # Without the $ that would begin a formula.
    path = TextPath((0, 0), text.replace('$', 'S'), size=100)
    # On a screen of few dots letters come out up to 8 % wider.
    return 1.08 * path.vertices[:, 0].max(initial=0.) / 100


def _colour(item):
    if item.category is None:
        return _UNKNOWN_COLOUR
    return CATEGORY_COLOURS[item.category % len(CATEGORY_COLOURS)]


def _caption(row, item, with_score):
    name = 'item'
    if item.category is not None:
        name = item.category_name or f'category {item.category}'
    caption = f'{row + 1} {name}'
    if with_score and not math.isnan(item.score):
        caption += f' {item.score:.2f}'
    return caption


def _number(distance):
    return f'{distance:.3f}' if distance < 100 else f'{distance:.3g}'
