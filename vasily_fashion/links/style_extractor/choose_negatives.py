import numpy as np

NEGATIVES = ('all', 'random', 'category', 'semi-hard', 'batch-hard')


def choose_negatives(
        how: str, distance: np.ndarray, is_other: np.ndarray,
        is_same_category: np.ndarray | None = None,
) -> tuple[np.ndarray, ...]:
    """Choose the negatives of each anchor among the product images of a batch.

    * **all**: those of all other items ("batch all" [#]_).
    * **random**: that of one other item, by `numpy.random`.
    * **category**: those of all other items of the anchor's category.
    * **semi-hard**: the nearest that is farther than the anchor's own [#]_;
      the farthest where none is.
    * **batch-hard**: the nearest.

    .. [#] Alexander Hermans, Lucas Beyer, Bastian Leibe. In Defense of the
       Triplet Loss for Person Re-Identification. 2017, section 2.
    .. [#] Florian Schroff, Dmitry Kalenichenko, James Philbin. FaceNet.
       CVPR 2015, section 3.2.

    Args:
        how (str): One of the above.
        distance (numpy.ndarray): :math:`(B, B)`, of anchors (rows) and product
            images; the anchor's own is on the diagonal.
        is_other (numpy.ndarray): :math:`(B, B)`, bool, whether the product
            image shows another item.
        is_same_category (numpy.ndarray): :math:`(B, B)`, bool; for 'category'
            alone.

    Returns:
        tuple of numpy.ndarray:
        (anchor, negative), indices of both sides, each :math:`(T,)`. An
        anchor that has no negative is in neither.

    Raises:
        ValueError: If `how` is none of these, or a category is missing.
    """
    if how == 'all':
        return np.nonzero(is_other)
    if how == 'category':
        if is_same_category is None:
            raise ValueError("negatives 'category' needs categories")
        return np.nonzero(is_other & is_same_category)
    if how == 'random':
        rank = np.random.random(distance.shape)
    elif how == 'batch-hard':
        rank = distance
    elif how == 'semi-hard':
        is_farther = distance > np.diag(distance)[:, None]
        rank = np.where(is_farther, distance, np.inf)
        has_none = ~(is_farther & is_other).any(axis=1)
        rank[has_none] = -distance[has_none]
    else:
        raise ValueError(
            f'negatives must be one of {", ".join(NEGATIVES)}, not {how!r}')
    anchor = np.flatnonzero(is_other.any(axis=1))
    negative = np.where(is_other, rank, np.inf).argmin(axis=1)
    return anchor, negative[anchor]
