from vasily_fashion.transforms.crop_by_bbox import crop_by_bbox
from vasily_fashion.transforms.find_foreground import find_foreground

import numpy as np
from chainercv.utils import mask_to_bbox


def trim_ground(img: np.ndarray, margin: float = .15) -> np.ndarray:
    """Trim the plain ground of a product image, but for some room around the item.

    Shops leave more or less ground around their products. Trimmed, an item is
    as large in its image as in the crop of a detected box.

    Args:
        img (~numpy.ndarray): :math:`(3, H, W)`, RGB, :math:`[0, 255]`.
        margin (float): The room that stays, where there is as much, on each side, as
            a share of the item's height and width.

    Returns:
        numpy.ndarray: :math:`(3, H', W')`, a view of the image. It is all of it where
        :func:`~vasily_fashion.transforms.find_foreground` finds no item on a
        plain ground.
    """
    mask = find_foreground(img)
    if mask is None:
        return img
    return crop_by_bbox(img, mask_to_bbox(mask[np.newaxis]), margin)[0]
