"""From the category names of a data set to labels."""
import os
from collections.abc import Iterable

from vasily_fashion.categories import FASHION_CATEGORIES


def make_label_map(
        names: Iterable[str], to_fashion: dict[str, str] | None,
        source: str | os.PathLike[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Which label each category of a data set has.

    Args:
        names (iterable of str): The data set's categories.
        to_fashion (dict or None): Name to fashion category; what is not in it
            is no item. :obj:`None` keeps the data set's own categories.
        source (str or path): Where the names stand, for messages.

    Returns:
        (dict, tuple of str):
        Name to label, and what the labels mean.

    Raises:
        ValueError: If no name is in the map, or the map leads elsewhere.
    """
    names = list(dict.fromkeys(names))
    if to_fashion is None:
        return {name: i for i, name in enumerate(names)}, tuple(names)
    wrong = sorted(set(to_fashion.values()) - set(FASHION_CATEGORIES))
    if wrong:
        raise ValueError(
            f'category_map leads to {wrong[0]!r}, which is none of '
            f'FASHION_CATEGORIES: {", ".join(FASHION_CATEGORIES)}')
    labels = {name: FASHION_CATEGORIES.index(to_fashion[name])
              for name in names if name in to_fashion}
    if names and not labels:
        raise ValueError(
            f'{source} has none of the categories that category_map knows; it '
            f'has {", ".join(map(repr, names[:20]))}. Give category_map a '
            'dict from these to FASHION_CATEGORIES, or None to keep them')
    return labels, FASHION_CATEGORIES
