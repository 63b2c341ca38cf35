from vasily_fashion.transforms.find_foreground import find_foreground

import cv2
import numpy as np
from chainercv.utils import mask_to_bbox

# How often a product photo gets another ground, and how often, of these, a textured one.
_P_GROUND, _P_TEXTURE = .7, .6


def product_augmentation(
        img: np.ndarray, random_state: np.random.Generator,
        texture: np.ndarray | None = None) -> np.ndarray:
    """Change a product photo into one that another shop might have taken.

    Other margins, a mirror image, a little light; where the item stands on a plain
    ground, often another one: white, grey, cream or dark, that fades, with a soft
    shadow under the item, or a floor or wall.

    Args:
        img (~numpy.ndarray): :math:`(3, H, W)`, RGB, :math:`[0, 255]`.
        random_state (numpy.random.Generator): Where chance comes from.
        texture (~numpy.ndarray): A piece of a floor or wall, :math:`(3, h, w)`;
            without, all grounds are plain.

    Returns:
        numpy.ndarray: A new image of shape :math:`(3, H', W')`, float32.
    """
    mask = find_foreground(img)
    if mask is None:
        out = np.array(img, np.float32)
    else:
        out, mask = _other_margins(img, mask, random_state)
        if random_state.random() < _P_GROUND:
            out = _other_ground(out, mask, random_state, texture)
    if random_state.random() < .5:
        out = out[:, :, ::-1]
    gain = random_state.uniform(.88, 1.08) * random_state.uniform(.96, 1.04, 3)
    out = np.clip(out * gain[:, None, None], 0, 255)
    return np.ascontiguousarray(out, np.float32)


def _other_margins(img, mask, random_state):
    y0, x0, y1, x1 = mask_to_bbox(mask[None])[0].astype(int)
    margin = random_state.uniform(.01, .3, 4) * np.repeat(
        [y1 - y0, x1 - x0], 2)
    before_y, after_y, before_x, after_x = margin.astype(int)
    pad = [(max(before_y - y0, 0), max(y1 + after_y - img.shape[1], 0)),
           (max(before_x - x0, 0), max(x1 + after_x - img.shape[2], 0))]
    # the ground goes on as it is at the item's margin, on the whole
    ground = np.median(img[:, ~mask], axis=1)
    img = np.stack([
        np.pad(channel, pad, constant_values=value)
        for channel, value in zip(img, ground, strict=True)])
    mask = np.pad(mask, pad)
    y, x = y0 + pad[0][0], x0 + pad[1][0]
    ys = slice(y - before_y, y + (y1 - y0) + after_y)
    xs = slice(x - before_x, x + (x1 - x0) + after_x)
    return img[:, ys, xs], mask[ys, xs]


def _other_ground(img, mask, random_state, texture):
    _, h, w = img.shape
    if texture is not None and random_state.random() < _P_TEXTURE:
        ground = cv2.resize(
            np.ascontiguousarray(texture.transpose(1, 2, 0), np.float32), (w, h))
        ground = ground * random_state.uniform(.6, 1.2)
    else:
        kind = random_state.random()
        if kind < .3:
            colour = np.full(3, 255.)
        elif kind < .85:
            colour = random_state.uniform(200, 255) + random_state.uniform(-12, 6, 3)
        else:
            colour = random_state.uniform(20, 230, 3)
        y, x = np.mgrid[-1:1:h * 1j, -1:1:w * 1j]
        fade = 1 - random_state.uniform(0, .08) * (
            np.cos(random_state.uniform(0, 7)) * x + np.sin(random_state.uniform(0, 7)) * y)
        ground = (colour * fade[..., None]).astype(np.float32)
    alpha = cv2.GaussianBlur(
        cv2.erode(mask.astype(np.float32), np.ones((3, 3))), (0, 0), .8)
    shift = random_state.normal(0, .02, 2) * (w, h)
    shadow = cv2.warpAffine(
        alpha, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (w, h))
    shadow = cv2.GaussianBlur(shadow, (0, 0), .02 * max(h, w))
    ground = ground * (1 - random_state.uniform(0, .35) * shadow)[..., None]
    out = img.transpose(1, 2, 0) * alpha[..., None] + ground * (1 - alpha)[..., None]
    return np.clip(out, 0, 255).transpose(2, 0, 1)
