from vasily_fashion.transforms.wear_product import bend, cut_out, light

import cv2
import numpy as np

_HEIGHT = 480


def lay_product(
        img: np.ndarray, mask: np.ndarray, ground: np.ndarray,
        random_state: np.random.Generator) -> np.ndarray:
    """Lay the item of a product photo on a floor or a bed, as one takes it at home.

    The item is turned a little, bent, and folded by light and shadow. Nothing
    covers it, and it throws a soft shadow. The ground fades more or less into its mean colour, is
    lit, and is repeated with its mirror images where it is small.

    Args:
        img (~numpy.ndarray): A product photo, :math:`(3, H, W)`, RGB,
            :math:`[0, 255]`.
        mask (~numpy.ndarray): :math:`(H, W)`, bool: the item, as
            :func:`~vasily_fashion.transforms.find_foreground` finds it.
        ground (~numpy.ndarray): A piece of a floor, wall or cloth,
            :math:`(3, h, w)`.
        random_state (numpy.random.Generator): Where chance comes from.

    Returns:
        numpy.ndarray: A photo of shape :math:`(3, 480, W')`, float32.
    """
    h, w = _HEIGHT, int(_HEIGHT * random_state.uniform(.65, 1.1))
    out = _spread(ground, h, w, random_state)
    item = cut_out(img, mask)
    item = _turn(item, random_state.normal(0, 6))
    scale = random_state.uniform(.65, 1.) * min(h / item.shape[0], w / item.shape[1])
    item = cv2.resize(item, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    item = bend(item, random_state)[:h, :w]
    item_h, item_w = item.shape[:2]
    # about the middle
    y, x = (random_state.triangular(0, .5, 1, 2) * (h - item_h, w - item_w)).astype(int)
    alpha = np.zeros((h, w), np.float32)
    alpha[y:y + item_h, x:x + item_w] = item[..., 3]
    shift = random_state.normal(0, .01, 2) * h
    shadow = cv2.GaussianBlur(cv2.warpAffine(
        alpha, np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32), (w, h)),
        (0, 0), .015 * h)
    out *= 1 - random_state.uniform(.1, .5) * shadow[..., None]
    there = out[y:y + item_h, x:x + item_w]
    there += (light(item[..., :3], random_state) - there) * item[..., 3:]
    return np.clip(out, 0, 255).transpose(2, 0, 1).copy()


def _spread(ground, h, w, random_state):
    """A ground of (h, w, 3): the piece, in another light, and its mirror images."""
    ground = np.ascontiguousarray(ground.transpose(1, 2, 0), np.float32)
    plain = ground.mean(axis=(0, 1))
    ground = plain + random_state.uniform(.2, 1) * (ground - plain)
    ground *= random_state.uniform(.6, 1.4) * random_state.uniform(.8, 1.2, 3)
    size = int(h / random_state.uniform(1, 4))
    ground = cv2.resize(ground.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    tile = np.hstack([ground, ground[:, ::-1]])
    tile = np.vstack([tile, tile[::-1]])
    n_y, n_x = -(-h // len(tile)), -(-w // len(tile))
    return np.tile(tile, (n_y, n_x, 1))[:h, :w]


def _turn(item, angle):
    """Turn (h, w, 4) by degrees; it stays whole."""
    h, w = item.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1)
    cos, sin = abs(turn[0, :2])
    new_w, new_h = int(h * sin + w * cos) + 1, int(h * cos + w * sin) + 1
    turn[:, 2] += (new_w - w) / 2, (new_h - h) / 2
    return cv2.warpAffine(item, turn, (new_w, new_h))
