from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets.pair_dataset import PairDataset

import numpy as np


def number_types(dataset: PairDataset, item_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the types that the items of pairs are of.

    Args:
        dataset (vasily_fashion.datasets.PairDataset): The pairs, with their categories
            and `types`.
        item_ids (numpy.ndarray): :math:`(N,)`, int: their items, numbered from 0.

    Returns:
        (numpy.ndarray, numpy.ndarray): For
        :class:`~vasily_fashion.links.style_extractor.TripletTrainChain`: the category of
        each type, :math:`(T,)`, and the type of each item, -1 where it is not known. A
        category without types is one type.
    """
    of_pair = [(int(c), name) for c, name in zip(dataset.categories, dataset.types, strict=True)]
    types = {(c, name) for c, name in of_pair if c >= 0 and name}
    types |= {(c, '') for c in range(len(FASHION_CATEGORIES))} - {(c, '') for c, _ in types}
    number = {of: n for n, of in enumerate(sorted(types))}
    type_of_item = np.full(item_ids.max(initial=-1) + 1, -1)
    for item, of in zip(item_ids, of_pair, strict=True):
        if of[1]:
            type_of_item[item] = number.get(of, -1)
    return np.array([c for c, _ in sorted(types)]), type_of_item
