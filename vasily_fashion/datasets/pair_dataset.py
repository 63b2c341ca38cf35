from collections.abc import Sequence

import chainer
import numpy as np


class PairDataset(chainer.dataset.DatasetMixin):
    """Pairs of a street crop and a product image of its item.

    The base of what :func:`~vasily_fashion.training.train_style_extractor`
    trains on. A subclass has `item_ids` and `categories`, :meth:`read_street`
    and :meth:`read_product`.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        snap_crop, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        product_image, ":math:`(3, H', W')`", float32, "RGB"
        category, scalar, int, "index into FASHION_CATEGORIES, or -1"

    Attributes:
        item_ids (numpy.ndarray): :math:`(N,)`, the item of each example.
        categories (numpy.ndarray): :math:`(N,)`, int32.
        types (sequence of str): What the items are within their categories, such
            as 'Cardigan'; '' where nobody says, as by default.
    """

    item_ids: np.ndarray
    categories: np.ndarray

    @property
    def types(self) -> Sequence[str]:
        return [''] * len(self)

    def __len__(self) -> int:
        return len(self.item_ids)

    def get_example(self, i: int) -> tuple[np.ndarray, np.ndarray, int]:
        return (self.read_street(i), self.read_product(i),
                int(self.categories[i]))

    def read_street(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        """The street side of an example.

        Args:
            i (int): Which.
            random_state (numpy.random.Generator): Where chance comes from, in
                training. Without, nothing is left to chance.

        Returns:
            numpy.ndarray: :math:`(3, H, W)`, float32.
        """
        raise NotImplementedError

    def read_product(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        """The product side of an example, as :meth:`read_street`."""
        raise NotImplementedError
