import cv2
import numpy as np

# It is looked for in a smaller image: its outline is no finer than this.
_MAX_SIDE = 320
# How far a pixel is from the ground's colour, of 255, to be in front of it.
_NEAREST, _FARTHEST = 6., 30.
# Components under this share of the image are dust or a shadow's edge.
_MIN_COMPONENT = .004
# An item on a plain ground covers this share of the image, and so much of its own box.
_MIN_SHARE, _MAX_SHARE, _MIN_SOLIDITY = .02, .92, .25
# The ground counts as plain where its border is as smooth as this.
_MAX_BORDER_ERROR = 12.


def find_foreground(img: np.ndarray) -> np.ndarray | None:
    """Find the item of a product photo on a plain ground.

    The colour of the ground is fitted to the border of the image, linear in
    both directions, since studio grounds fade. What differs from it by more
    than the border itself does is in front.

    Args:
        img (~numpy.ndarray): :math:`(3, H, W)`, RGB, :math:`[0, 255]`.

    Returns:
        numpy.ndarray: :math:`(H, W)`, bool, or :obj:`None` where the ground
        is not plain, or nothing stands out from it.
    """
    size = img.shape[:0:-1]
    if min(size) < 8:
        return None
    scale = min(_MAX_SIDE / max(size), 1)
    small = cv2.resize(
        np.ascontiguousarray(img.transpose(1, 2, 0), np.float32),
        [max(round(side * scale), 8) for side in size],
        interpolation=cv2.INTER_AREA)
    mask = _find(small.transpose(2, 0, 1))
    if mask is None:
        return None
    return cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > .5


def _find(img):
    _, h, w = img.shape
    border = max(2, min(h, w) // 60)
    is_border = np.ones((h, w), bool)
    is_border[border:-border, border:-border] = False
    y, x = np.mgrid[:h, :w] / np.float32(max(h, w))
    terms = np.stack([np.ones_like(y), y, x, y * y, x * x])
    chosen = terms[:, is_border].T
    colours = img[:, is_border].T
    inside = np.abs(colours - np.median(colours, axis=0)).max(axis=1) < 40
    if inside.mean() < .6:
        return None
    coefficients = np.linalg.lstsq(chosen[inside], colours[inside])[0]
    ground = np.tensordot(coefficients.T, terms, 1)
    distance = np.abs(img - ground).max(axis=0)
    noise = np.percentile(distance[is_border], 75)
    if noise > _MAX_BORDER_ERROR:
        return None
    distance = cv2.GaussianBlur(distance.astype(np.float32), (3, 3), 0)
    thresh = np.clip(3 * noise, _NEAREST, _FARTHEST)
    mask = (distance > thresh).astype(np.uint8)
    size = max(3, round(min(h, w) * .02)) | 1
    mask = cv2.morphologyEx(
        mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, component, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas > max(_MIN_COMPONENT * mask.size, .05 * areas[1:].max(initial=0))
    keep[0] = False
    mask = keep[component].astype(np.uint8)
    outlines, _ = cv2.findContours(
        mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # a white shirt is as light as its ground: what is inside belongs to it
    cv2.drawContours(mask, outlines, -1, 1, -1)
    if not _MIN_SHARE < mask.mean() < _MAX_SHARE:
        return None
    _, _, box_w, box_h = cv2.boundingRect(mask)
    if mask.sum() < _MIN_SOLIDITY * box_w * box_h:
        return None
    return mask.astype(np.float32)
