from vasily_fashion.datasets.pair_dataset import PairDataset
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

import numpy as np


class StreetShopPairDataset(PairDataset):
    """Pairs of a street crop and a product image of its item, for training.

    Made of any :class:`~vasily_fashion.datasets.RetrievalDataset`. An example
    is a query with at least one product image; of several, chance takes one
    in training, and the first is taken otherwise.

    Args:
        dataset (RetrievalDataset): Queries and product images, such as those
            of the split to train on.
        box_jitter (float): How far the boxes of street crops are moved in
            training, as :func:`~vasily_fashion.transforms.jitter_bbox` does
            with that standard deviation.
        box_margin (float): The most room that those boxes get, as its `margin`.

    It returns what :class:`~vasily_fashion.datasets.PairDataset` does.

    Attributes:
        n_without_product (int): Queries that were left out.

    Raises:
        ValueError: If no query has a product image.
    """

    def __init__(self, dataset: RetrievalDataset,
                 box_jitter: float = 0., box_margin: float = 0.) -> None:
        self.dataset = dataset
        self.box_jitter, self.box_margin = box_jitter, box_margin
        known, item = np.unique(dataset.item_ids, return_inverse=True)
        item = item.reshape(-1)
        products = np.flatnonzero(dataset.is_gallery)
        products = products[np.argsort(item[products], kind='stable')]
        count = np.bincount(item[products], minlength=len(known))
        self._products = products
        self._end = np.cumsum(count)
        self._count = count
        queries = np.flatnonzero(dataset.is_query)
        has_product = count[item[queries]] > 0
        # an image that is both is not a product image of itself
        alone = (count[item[queries]] == 1) & dataset.is_gallery[queries]
        has_product &= ~alone
        self._queries = queries[has_product]
        self._items = item[self._queries]
        self.n_without_product = int((~has_product).sum())
        if len(self._queries) == 0:
            raise ValueError(
                f'none of the {len(queries)} queries has a product image '
                f'among {len(products)}: nothing to train on')
        self.item_ids = dataset.item_ids[self._queries]
        self.categories = dataset.labels[self._queries]

    def read_street(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        if random_state is None:
            return self.dataset.read_crop(int(self._queries[i]))
        return self.dataset.read_crop(
            int(self._queries[i]), self.box_jitter, random_state,
            self.box_margin)

    def read_product(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        query, item = self._queries[i], self._items[i]
        products = self._products[
            self._end[item] - self._count[item]:self._end[item]]
        products = products[products != query]
        chosen = 0 if random_state is None else random_state.integers(
            len(products))
        return self.dataset.read_crop(int(products[chosen]))
