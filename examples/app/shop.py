"""What is searched: the product images of a shop, and what is known of them."""
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.retrieval.embed_catalogue import product_ids

import numpy as np


class SyntheticShop:
    """The shop of a synthetic world, and snaps of that world.

    Args:
        n_item (int): Product images.
        n_snap (int): Snaps.
        seed (int): The world.
    """

    def __init__(self, n_item, n_snap, seed):
        world = SyntheticFashionDataset(n_snap, seed, n_item)
        self._images = world.product_images
        self.ids = [str(i) for i in range(len(self._images))]
        self.categories = np.asarray(self._images.categories)
        self.snaps = [world[i][0] for i in range(n_snap)]

    def read(self, product_id):
        """The image of a product.

        Raises:
            KeyError: If the shop has no such product.
        """
        if product_id not in self.ids:
            raise KeyError(product_id)
        return self._images[int(product_id)][0]

    def about(self, product_id):
        """Category, price and address of its page, as far as known."""
        if product_id not in self.ids:
            return -1, None, None
        return int(self.categories[int(product_id)]), None, None


class DatasetShop:
    """The gallery of a data set, such as a folder of product photos.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): The data set.
    """

    snaps = ()

    def __init__(self, dataset):
        gallery = np.flatnonzero(dataset.is_gallery)
        self._dataset = dataset
        self.ids = product_ids(dataset.choose(dataset.is_gallery))
        self.categories = dataset.labels[gallery]
        self._row_of_id = dict(zip(self.ids, gallery.tolist(), strict=True))

    def read(self, product_id):
        """The image of a product.

        Raises:
            KeyError: If the shop has no such product.
            ImageReadError: If its image cannot be read.
        """
        return self._dataset.read_crop(self._row_of_id[product_id])

    def about(self, product_id):
        """Category, price and address of its page, as far as known."""
        row = self._row_of_id.get(product_id)
        if row is None:  # the index is older than the folder
            return -1, None, None
        # a folder's CSV may have these
        price = getattr(self._dataset, 'prices', {row: ''})[row]
        url = getattr(self._dataset, 'urls', {row: ''})[row]
        return (int(self._dataset.labels[row]), price or None,
                url if url.startswith(('https://', 'http://')) else None)
