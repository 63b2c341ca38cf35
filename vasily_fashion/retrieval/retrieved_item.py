from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class RetrievedItem:

    """One item of a snap and its nearest product images.

    Attributes:
        bbox (numpy.ndarray): :math:`(4,)`, :obj:`float32`,
            :math:`(y_{min}, x_{min}, y_{max}, x_{max})` in the snap.
        category (int or None): Index into the detector's `label_names`.
            :obj:`None` when nobody said: the caller's own box.
        score (float): The detector's confidence; NaN for a caller's own box.
        distances (numpy.ndarray): :math:`(K,)`, :obj:`float32`, as the
            index's metric gives them, nearest first.
        ids (numpy.ndarray): :math:`(K,)`, of the product images.
        category_name (str or None): What the category is called.
        second_category (int or None): What else the detector took the item
            for, see :func:`~vasily_fashion.retrieval.merge_guesses`.
        embedding (array): :math:`(D,)`, of the item's crop, where the extractor
            left it: in the memory of a GPU if it is there.

    """

    bbox: np.ndarray
    category: int | None
    score: float
    distances: np.ndarray
    ids: np.ndarray
    category_name: str | None = None
    second_category: int | None = None
    embedding: Any = field(default=None, repr=False)
