from collections.abc import Sequence

from vasily_fashion.categories import FASHION_CATEGORIES

import numpy as np
from chainercv.utils import bbox_iou

_THRESH = .7
# Categories that a detector takes one garment for, above and below the waist.
_ALIKE = (('top', 'outer', 'dress'), ('skirt', 'dress', 'pants', 'shorts'))


def merge_guesses(
        bbox: np.ndarray, label: np.ndarray, score: np.ndarray,
        label_names: Sequence[str] = FASHION_CATEGORIES
) -> tuple[np.ndarray, np.ndarray]:
    """Merge boxes of different categories that lie on one garment.

    Suppression works category by category, so a detector that wavers between
    top and outer gives a box of each. Where such boxes overlap by an IoU of
    0.7 or more, the one of the higher score stays, and the category of the
    best of the others is its second guess.

    Args:
        bbox (~numpy.ndarray): :math:`(R, 4)`, the boxes of a snap.
        label (~numpy.ndarray): :math:`(R,)`, int, indices into `label_names`.
        score (~numpy.ndarray): :math:`(R,)`.
        label_names (sequence of str): What the labels mean. Names other than
            those of garments of FASHION_CATEGORIES are alike to none.

    Returns:
        (numpy.ndarray, numpy.ndarray): The indices of the boxes that stay, in
        their order, :math:`(S,)`, and their second guesses, :math:`(S,)`
        int32, -1 where there is none.
    """
    name_of = dict(enumerate(label_names))
    second = np.full(len(bbox), -1, np.int32)
    stays = np.ones(len(bbox), bool)
    overlap = bbox_iou(bbox, bbox) >= _THRESH
    order = np.argsort(-np.asarray(score), kind='stable')
    for n, i in enumerate(order):
        if not stays[i]:
            continue
        for j in order[n + 1:]:
            if stays[j] and overlap[i, j] and _are_alike(
                    name_of.get(int(label[i])), name_of.get(int(label[j]))):
                stays[j] = False
                if second[i] < 0:
                    second[i] = label[j]
    kept = np.flatnonzero(stays)
    return kept, second[kept]


def _are_alike(a, b):
    return a != b and any(a in group and b in group for group in _ALIKE)
