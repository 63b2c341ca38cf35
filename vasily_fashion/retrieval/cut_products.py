from collections.abc import Sequence
from typing import Any

from vasily_fashion.retrieval.fashion_item_retriever import DETECTED_MARGIN
from vasily_fashion.transforms import crop_by_bbox, trim_ground

import numpy as np

_SCORE_THRESH = .3


def cut_products(
        imgs: Sequence[np.ndarray], categories: Sequence[int], detector: Any
) -> tuple[list[np.ndarray], list[int]]:
    """Cut the items of product photos out of the floor or wall behind them.

    A product's box is the one of its category with the highest score, from
    0.3 on; where its category is not known, the box of the highest score says
    it. It is cut with as much room as the items of snaps. A photo without such a box
    is trimmed by :func:`~vasily_fashion.transforms.trim_ground`.

    Args:
        imgs (sequence of numpy.ndarray): :math:`(3, H, W)`, RGB,
            :math:`[0, 255]`.
        categories (sequence of int): Their categories, -1 where not known.
        detector: With ChainerCV's `predict`; boxes of scores from 0.3 on.

    Returns:
        (list of numpy.ndarray, list of int):
        The crops, and their categories, -1 where still not known.
    """
    crops, found = [], []
    for img, category, bbox, label, score in zip(
            imgs, categories, *detector.predict(imgs), strict=True):
        bbox = np.clip(bbox, 0, img.shape[1:] * 2)
        is_inside = (bbox[:, 2:] > bbox[:, :2]).all(axis=1)
        score = np.where(is_inside & ((category < 0) | (label == category)), score, 0)
        if score.max(initial=0) >= _SCORE_THRESH:
            best = int(score.argmax())
            category = int(label[best])
            crops += crop_by_bbox(img, bbox[best:best + 1], DETECTED_MARGIN)
        else:
            crops.append(trim_ground(img))
        found.append(int(category))
    return crops, found
