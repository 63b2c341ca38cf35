"""The shop: every item's category and look, from (seed, item_id) alone."""
from functools import lru_cache

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.synthetic.garments import (
    bag,
    belt,
    dress,
    footwear,
    headwear,
    lower,
    outer,
    scarf_tie,
    sunglasses,
    top,
)

import numpy as np

_SAMPLERS = {
    'bag': bag.sample_bag, 'belt': belt.sample_belt,
    'footwear': footwear.sample_footwear, 'outer': outer.sample_outer,
    'dress': dress.sample_dress, 'sunglasses': sunglasses.sample_sunglasses,
    'pants': lower.sample_pants, 'top': top.sample_top,
    'shorts': lower.sample_shorts, 'skirt': lower.sample_skirt,
    'headwear': headwear.sample_headwear,
    'scarf_tie': scarf_tie.sample_scarf_tie}
_INDEX = {name: k for k, name in enumerate(FASHION_CATEGORIES)}
#: One shelf: each category once, then the frequent ones again.
_SHELF = tuple(range(12)) + tuple(_INDEX[name] for name in (
    'top', 'outer', 'dress', 'footwear', 'top', 'bag', 'pants', 'skirt',
    'top', 'footwear', 'outer', 'dress'))


def item_category(item_id):
    """The category of an item; every 12 first ids of a shelf hold all."""
    return _SHELF[item_id % len(_SHELF)]


def shop_categories(n_item):
    """Categories of the items 0..n_item - 1, an (n_item,) int32 array."""
    return np.resize(np.array(_SHELF, np.int32), n_item)


@lru_cache(maxsize=2048)
def item_cut(seed, item_id):
    """The look of an item: the dict its category's sampler makes."""
    name = FASHION_CATEGORIES[item_category(item_id)]
    return _SAMPLERS[name](np.random.default_rng([seed, 1, item_id]))
