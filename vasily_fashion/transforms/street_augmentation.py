import cv2
import numpy as np


def street_augmentation(
        img: np.ndarray, random_state: np.random.Generator) -> np.ndarray:
    """Change an item crop as light, camera and passers-by would.

    Brightness, contrast, a colour cast, a shift and squeeze of the box, blur,
    a random occluder, and a horizontal flip. For the query side alone:
    product images are taken in a studio.

    Args:
        img (~numpy.ndarray): A crop of shape :math:`(3, H, W)`, 0..255.
        random_state (numpy.random.Generator): Where chance comes from.

    Returns:
        numpy.ndarray: A new crop of shape :math:`(3, H', W')`, float32,
        0..255, of nearly the size it had.
    """
    _, h, w = img.shape
    # each side moves inwards by up to 10 % of the crop
    cut = random_state.uniform(0, 0.1, 4) * (h, w, h, w)
    y0, x0, y1, x1 = cut.astype(int)
    img = img[:, y0:max(h - y1, y0 + 1), x0:max(w - x1, x0 + 1)]
    if random_state.random() < 0.5:
        img = img[:, :, ::-1]
    img = np.array(img, np.float32)
    mean = img.mean()
    contrast = random_state.uniform(0.85, 1.15)
    gain = random_state.uniform(0.85, 1.15) * random_state.uniform(
        0.95, 1.05, (3, 1, 1))
    img = ((img - mean) * contrast + mean) * gain.astype(np.float32)
    _, h, w = img.shape
    if random_state.random() < 0.3:
        oh = max(int(h * random_state.uniform(0.1, 0.35)), 1)
        ow = max(int(w * random_state.uniform(0.1, 0.35)), 1)
        y = random_state.integers(h - oh + 1)
        x = random_state.integers(w - ow + 1)
        img[:, y:y + oh, x:x + ow] = random_state.uniform(0, 255, (3, 1, 1))
    img = np.clip(img, 0, 255)
    if random_state.random() < 0.3:
        sigma = random_state.uniform(0.3, 1.5) * max(h, w) / 256
        img = cv2.GaussianBlur(
            img.transpose(1, 2, 0), (0, 0), sigma).transpose(2, 0, 1)
        # the kernel's sum may be off by a rounding
        np.clip(img, 0, 255, out=img)
    return img
