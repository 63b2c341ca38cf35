from typing import Any

import chainer
import numpy as np


class ConcatenatedItemDataset(chainer.datasets.ConcatenatedDataset):
    """Item data sets one after the other; no two of them share an item.

    Args:
        datasets: Each yields (snap_crop, product_image, category) and has
            `item_ids` and `categories`, such as :class:`CCPItemDataset`.

    Attributes:
        item_ids (numpy.ndarray): :math:`(N,)`, int64, numbered anew: equal
            where two examples are of one data set and show one item.
        categories (numpy.ndarray): :math:`(N,)`, int32.
    """

    def __init__(self, *datasets: Any) -> None:
        super().__init__(*datasets)
        parts, n_item = [], 0
        for dataset in datasets:
            known, ids = np.unique(dataset.item_ids, return_inverse=True)
            parts.append(n_item + ids.ravel())
            n_item += len(known)
        self.item_ids = np.concatenate([*parts, np.empty(0, np.int64)]).astype(
            np.int64)
        self.categories = np.concatenate(
            [*(dataset.categories for dataset in datasets),
             np.empty(0, np.int32)]).astype(np.int32)
