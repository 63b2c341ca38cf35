import cv2
import numpy as np
from chainercv.utils import mask_to_bbox


def wear_product(
        img: np.ndarray, mask: np.ndarray, snap: np.ndarray, bbox: np.ndarray,
        random_state: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put the item of a product photo on the person of a street snap.

    The item is bent, folded by light and shadow, fitted to the box of a like
    item that the person wears, and partly covered by what was there: hair,
    hands, straps, an open jacket.

    Args:
        img (~numpy.ndarray): A product photo, :math:`(3, H, W)`, RGB,
            :math:`[0, 255]`.
        mask (~numpy.ndarray): :math:`(H, W)`, bool: the item, as
            :func:`~vasily_fashion.transforms.find_foreground` finds it.
        snap (~numpy.ndarray): The snap, :math:`(3, H', W')`.
        bbox (~numpy.ndarray): :math:`(4,)`: where the like item is,
            :math:`(y_{min}, x_{min}, y_{max}, x_{max})`.
        random_state (numpy.random.Generator): Where chance comes from.

    Returns:
        (numpy.ndarray, numpy.ndarray): The snap with the item, float32, and
        the box of the item in it, :math:`(4,)`, float32.
    """
    item = cut_out(img, mask)
    _, snap_h, snap_w = snap.shape
    y0, x0, y1, x1 = bbox
    box_h, box_w = max(y1 - y0, 8), max(x1 - x0, 8)
    # between the shape of the box and the item's own
    own = item.shape[0] / item.shape[1]
    aspect = np.exp(
        np.log(box_h / box_w) * .6 + np.log(own) * .4
        + random_state.normal(0, .06))
    size = np.sqrt(box_h * box_w) * random_state.uniform(1., 1.25)
    h = int(np.clip(size * np.sqrt(aspect), 8, 2 * snap_h))
    w = int(np.clip(size / np.sqrt(aspect), 8, 2 * snap_w))
    item = bend(cv2.resize(item, (w, h), interpolation=cv2.INTER_AREA), random_state)
    h, w = item.shape[:2]
    # the upper edge stays: garments hang from shoulders and waists
    top = int(y0 - .04 * box_h + random_state.normal(0, .03) * box_h)
    left = int((x0 + x1 - w) / 2 + random_state.normal(0, .04) * box_w)
    out = np.ascontiguousarray(snap.transpose(1, 2, 0), np.float32)
    ys = slice(max(top, 0), min(top + h, snap_h))
    xs = slice(max(left, 0), min(left + w, snap_w))
    if ys.stop <= ys.start or xs.stop <= xs.start:
        ys, xs = slice(0, min(h, snap_h)), slice(0, min(w, snap_w))
        top = left = 0
    item = item[ys.start - top:ys.stop - top, xs.start - left:xs.stop - left]
    colour, alpha = item[..., :3], item[..., 3:]
    colour = light(colour, random_state)
    alpha = alpha * _uncovered(alpha.shape[:2], random_state)[..., None]
    out[ys, xs] = colour * alpha + out[ys, xs] * (1 - alpha)
    solid = alpha[..., 0] > .3
    if not solid.any():
        solid[:] = True
    box = mask_to_bbox(solid[None])[0] + np.array([ys.start, xs.start] * 2, np.float32)
    return np.clip(out, 0, 255).transpose(2, 0, 1).copy(), box


def cut_out(img, mask):
    """The item of a product photo in its bounding box, (h, w, 4) with alpha of [0, 1]."""
    y0, x0, y1, x1 = mask_to_bbox(mask[None])[0].astype(int)
    ys, xs = slice(y0, y1), slice(x0, x1)
    # a pixel less, for the fringe of the ground
    alpha = cv2.erode(mask[ys, xs].astype(np.float32), np.ones((3, 3)))
    return np.dstack([img[:, ys, xs].transpose(1, 2, 0), alpha]).astype(np.float32)


def bend(item, random_state):
    """Bend what :func:`cut_out` gives, or its mirror image."""
    h, w = item.shape[:2]
    pad_y, pad_x = h // 8 + 2, w // 8 + 2
    item = cv2.copyMakeBorder(
        item, pad_y, pad_y, pad_x, pad_x, cv2.BORDER_REPLICATE)
    item[:pad_y, :, 3] = item[-pad_y:, :, 3] = 0
    item[:, :pad_x, 3] = item[:, -pad_x:, 3] = 0
    h, w = item.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    dx = _noise((h, w), random_state, 4) * .07 * w
    dy = _noise((h, w), random_state, 4) * .05 * h
    # leaning, and narrower at one end
    v = y / h - .5
    dx += random_state.normal(0, .05) * w * v
    dx += (x - w / 2) * random_state.normal(0, .1) * v
    angle = random_state.normal(0, .05)
    dx += -angle * (y - h / 2)
    dy += angle * (x - w / 2)
    item = cv2.remap(
        item, x + dx.astype(np.float32), y + dy.astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    if random_state.random() < .5:
        item = item[:, ::-1]
    item[..., 3] = cv2.GaussianBlur(item[..., 3], (0, 0), random_state.uniform(.5, 1.2))
    y0, x0, y1, x1 = mask_to_bbox(item[None, ..., 3] > .1)[0].astype(int)
    return item[y0:y1, x0:x1] if min(y1 - y0, x1 - x0) > 1 else item


def light(colour, random_state):
    """Another light, and folds, on (h, w, 3)."""
    h, w = colour.shape[:2]
    gain = random_state.uniform(.65, 1.2) * random_state.uniform(.94, 1.06, 3)
    folds = (.14 * _noise((h, w), random_state, 6)
             + .12 * _noise((h, w), random_state, 3))
    return colour * gain * (1 + folds[..., None]) + random_state.uniform(-8, 16)


def _uncovered(shape, random_state):
    """Where nothing lies over the item: 0 in blobs of up to a third of it."""
    if random_state.random() < .25:
        return np.ones(shape, np.float32)
    noise = _noise(shape, random_state, int(random_state.integers(3, 7)))
    share = random_state.uniform(.03, .3)
    covered = (noise > np.quantile(noise, 1 - share)).astype(np.float32)
    return 1 - cv2.GaussianBlur(covered, (0, 0), 1.)


def _noise(shape, random_state, n):
    """Smooth noise of `n` waves or so, of a standard deviation of about 1/2."""
    coarse = random_state.normal(0, .6, (n, n)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
