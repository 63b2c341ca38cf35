"""Who wears what: a consistent choice of items for one figure."""
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.synthetic.shop import shop_categories

import numpy as np

_CATEGORY = {name: k for k, name in enumerate(FASHION_CATEGORIES)}


def sample_outfit(rng, n_item, man):
    """Choose items.

    Args:
        rng: A `numpy.random.Generator`.
        n_item (int): Size of the shop, at least 12.
        man (bool): Men wear trousers or shorts.

    Returns:
        dict: category name -> item_id.
    """
    shelf = shop_categories(n_item)

    def choose(name):
        ids = np.flatnonzero(shelf == _CATEGORY[name])
        return int(ids[rng.integers(len(ids))])

    kind = rng.choice(['dress', 'skirt', 'shorts', 'pants'],
                      p=(0., 0., .22, .78) if man else (.3, .23, .14, .33))
    names = ['dress'] if kind == 'dress' else ['top', str(kind)]
    names.append('footwear')
    for name, p in (('outer', .42), ('bag', .62), ('belt', .32),
                    ('sunglasses', .36), ('headwear', .27),
                    ('scarf_tie', .24)):
        if rng.random() < p:
            names.append(name)
    return {name: choose(name) for name in names}
