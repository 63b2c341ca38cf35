"""Render one item of the shop alone on white."""
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.synthetic.canvas import Canvas
from vasily_fashion.synthetic.figure import alone_parts, parts_bounds
from vasily_fashion.synthetic.poses import Body
from vasily_fashion.synthetic.shop import item_category, item_cut

import numpy as np

#: The longer side of a product image, in pixels.
PRODUCT_SIDE = 256
_MARGIN = .06


def render_product(seed, item_id, side=PRODUCT_SIDE):
    """The product image of an item.

    The canvas follows the item's shape, at most 2.4 : 1, with a white rim.

    Args:
        seed (int): The world.
        item_id (int): Which item.
        side (int): The longer side in pixels.

    Returns:
        (H, W, 3) uint8 image, RGB.
    """
    name = FASHION_CATEGORIES[item_category(item_id)]
    parts = alone_parts(name, item_cut(seed, item_id), Body())
    low, high = parts_bounds(parts)
    extent = np.maximum(high - low, 1e-3)
    room = extent * (1 + 2 * _MARGIN)
    room = np.maximum(room, room.max() / 2.4)
    scale = side / room.max()
    w, h = np.round(room * scale).astype(int)
    origin = np.array([w, h]) / 2 - (low + high) / 2 * scale
    canvas = Canvas((int(h), int(w)), scale, origin, (-.35, -.9, .25))
    canvas.fill((255, 255, 255))
    for part in parts:
        canvas.paint(part)
    return canvas.finish()
