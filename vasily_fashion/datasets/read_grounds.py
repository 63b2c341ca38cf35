from typing import Any

import numpy as np

# Of the height and width of a snap: the size of a piece of its ground.
_HEIGHT, _WIDTH = .22, .3


def read_grounds(snaps: Any, n: int) -> list[np.ndarray]:
    """Cut pieces of floors, pavements and lawns out of street snaps.

    They are the lower corners that no box reaches into.

    Args:
        snaps: A data set of (img, bbox, label), such as
            :class:`~vasily_fashion.datasets.CCPBboxDataset`.
        n (int): How many pieces at most. They are of snaps all over the data set.

    Returns:
        list of numpy.ndarray: :math:`(3, h, w)`, float32, RGB,
        :math:`[0, 255]`.
    """
    grounds: list[np.ndarray] = []
    for i in np.linspace(0, len(snaps) - 1, min(2 * n, len(snaps))).astype(int):
        (img, bbox), = snaps.slice[int(i):int(i) + 1, ('img', 'bbox')]
        _, h, w = img.shape
        size_h, size_w = int(_HEIGHT * h), int(_WIDTH * w)
        for x in (0, w - size_w):
            reaches = (bbox[:, 2] > h - size_h) & (
                bbox[:, 1] < x + size_w) & (bbox[:, 3] > x)
            if min(size_h, size_w) > 0 and not reaches.any():
                grounds.append(img[:, h - size_h:, x:x + size_w].copy())
        if len(grounds) >= n:
            return grounds[:n]
    return grounds
