from vasily_fashion.synthetic.render_product import render_product
from vasily_fashion.synthetic.shop import item_category, shop_categories

import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset


class ProductImages(GetterDataset):
    """The shop of a synthetic world: every item alone on white.

    Args:
        seed (int): The world.
        n_item (int): Number of items.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        :obj:`img`, ":math:`(3, H, W)`", :obj:`float32`, "RGB, \
        :math:`[0, 255]`; the longer side is 256"
        :obj:`category`, scalar, :obj:`int32`, "index into \
        ``FASHION_CATEGORIES``"
        :obj:`item_id`, scalar, :obj:`int32`, "the item's own index"
    """

    def __init__(self, seed: int, n_item: int) -> None:
        super().__init__()
        self.seed, self._n_item = seed, n_item
        self.add_getter('img', self._get_img)
        self.add_getter(('category', 'item_id'), self._get_ids)

    def __len__(self) -> int:
        return self._n_item

    @property
    def categories(self) -> np.ndarray:
        """(N,) int32 array of all items' categories."""
        return shop_categories(self._n_item)

    def _get_img(self, i):
        img = render_product(self.seed, range(self._n_item)[i])
        return img.transpose(2, 0, 1).astype(np.float32)

    def _get_ids(self, i):
        i = range(self._n_item)[i]
        return np.int32(item_category(i)), np.int32(i)
