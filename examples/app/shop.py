"""What is searched: the product images of a shop, and what is known of them."""
import functools
import logging
import os

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.retrieval.embed_catalogue import product_ids

import numpy as np

_N_SHOWN = 20  # of the photos that are left out

_log = logging.getLogger(__name__)


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

    def has(self, product_id):
        """Whether the shop has a product now."""
        return product_id in self.ids

    def about(self, product_id):
        """Category, name, price and address of its page, as far as known."""
        return int(self.categories[int(product_id)]), None, None, None


class DatasetShop:
    """The gallery of a data set, such as a folder of product photos.

    Photos that no client is to have are left out, and named in the log: links
    out of the folder, pipes and devices.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): The data set.

    Raises:
        ValueError: If no photo is left.
    """

    snaps = ()

    def __init__(self, dataset):
        gallery = np.flatnonzero(dataset.is_gallery)
        self._dataset = dataset
        ids = product_ids(dataset.choose(dataset.is_gallery))
        keep = _which_are_photos(dataset, gallery)
        gallery = gallery[keep]
        self.ids = [ids[i] for i in keep]
        self.categories = dataset.labels[gallery]
        self._row_of_id = dict(zip(self.ids, gallery.tolist(), strict=True))

    def read(self, product_id):
        """The image of a product.

        Raises:
            KeyError: If the shop has no such product.
            ImageReadError: If its image cannot be read.
        """
        return self._dataset.read_crop(self._row_of_id[product_id])

    def has(self, product_id):
        """Whether the shop has a product, and its photo is there now."""
        row = self._row_of_id.get(product_id)
        return row is not None and os.path.isfile(
            self._dataset.root / self._dataset.names[row])

    def about(self, product_id):
        """Category, name, price and address of its page, as far as known."""
        row = self._row_of_id[product_id]
        # a folder's CSV may have these
        name, price, url = (
            getattr(self._dataset, column, {row: ''})[row]
            for column in ('product_names', 'prices', 'urls'))
        return (int(self._dataset.labels[row]), name or None, price or None,
                url if url.startswith(('https://', 'http://')) else None)


def _which_are_photos(dataset, gallery):
    """Which of the gallery's rows, by number; the log says why not the others."""
    root = os.path.realpath(dataset.root)
    real_folder = functools.lru_cache(os.path.realpath)

    def why_not(name):
        path = os.path.join(root, name)
        folder, file = os.path.split(path)
        real = (os.path.realpath(path) if os.path.islink(path)
                else os.path.join(real_folder(folder), file))
        if os.path.commonpath([root, real]) != root:
            return f'it is a link out of {dataset.root}'
        return '' if os.path.isfile(real) else 'it is not a regular file'

    reasons = [why_not(dataset.names[row]) for row in gallery.tolist()]
    left_out = [i for i, reason in enumerate(reasons) if reason]
    for i in left_out[:_N_SHOWN]:
        _log.warning('left out: %r: %s', dataset.names[gallery[i]], reasons[i])
    if len(left_out) > _N_SHOWN:
        _log.warning('left out: %d more', len(left_out) - _N_SHOWN)
    if len(left_out) == len(reasons):
        raise ValueError(
            f'{dataset.root} has no photo that can be shown; see the reasons above')
    return [i for i, reason in enumerate(reasons) if not reason]
