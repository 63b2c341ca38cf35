from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

import chainer
import numpy as np


class StreetShopPairDataset(chainer.dataset.DatasetMixin):
    """Pairs of a street crop and a product image of its item, for training.

    Made of any :class:`~vasily_fashion.datasets.RetrievalDataset`. An example
    is a query with at least one product image; of several, chance
    (`numpy.random`) takes one each time.
    :func:`~vasily_fashion.training.train_style_extractor` makes triplets of
    them.

    Args:
        dataset (RetrievalDataset): Queries and product images, such as those
            of the split to train on.
        box_jitter (float): How far the boxes of street crops are moved, as
            :func:`~vasily_fashion.transforms.jitter_bbox` does with that
            standard deviation, anew each time.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        snap_crop, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        product_image, ":math:`(3, H', W')`", float32, "RGB"
        category, scalar, int, "index into `label_names`, or -1"

    Attributes:
        item_ids (numpy.ndarray): :math:`(N,)`, the item of each example.
        categories (numpy.ndarray): :math:`(N,)`, int32.
        n_without_product (int): Queries that were left out.

    Raises:
        ValueError: If no query has a product image.
    """

    def __init__(self, dataset: RetrievalDataset,
                 box_jitter: float = 0.) -> None:
        self.dataset, self.box_jitter = dataset, box_jitter
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
        # an image that is both is no product image of itself
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

    def __len__(self) -> int:
        return len(self._queries)

    def get_example(self, i: int) -> tuple[np.ndarray, np.ndarray, int]:
        query, item = int(self._queries[i]), self._items[i]
        products = self._products[
            self._end[item] - self._count[item]:self._end[item]]
        product = int(np.random.choice(products[products != query]))
        return (self.dataset.read_crop(query, self.box_jitter),
                self.dataset.read_crop(product), int(self.categories[i]))
