from vasily_fashion.synthetic.product_images import ProductImages
from vasily_fashion.synthetic.render_snap import render_snap

import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset


class SyntheticFashionDataset(GetterDataset):
    """Street snaps of dressed figures, drawn on demand.

    A seed is a world: a shop of `n_item` items and as many snaps as wanted,
    in which figures wear items of that shop. An example depends on the seed,
    its index, `n_item` and `size` alone: it is the same in any order and in
    any process. Boxes are tight around the visible pixels of each item;
    items of which less than a tenth is seen, or whose box has a side under
    8 px (at a height of 480), are left out.

    Args:
        n_snap (int): Number of snaps.
        seed (int): The world; items of two worlds differ.
        n_item (int): Number of items in the shop, at least 12. By default
            half of `n_snap`, at least 144.
        size: (height, width) of a snap in pixels, at least (96, 64).
        return_item_id (bool): Whether examples end with `item_id`.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does;
    with `return_item_id` also `item_id`, :math:`(R,)`, int32, indices into
    `product_images`.

    Attributes:
        product_images (ProductImages): The shop: yields (img, category,
            item_id) for each of the `n_item` items.

    Raises:
        ValueError: If an argument is out of range.
        TypeError: If an argument is not an integer.
    """

    def __init__(self, n_snap: int = 1000, seed: int = 0,
                 n_item: int | None = None, size: tuple[int, int] = (480, 320),
                 return_item_id: bool = False) -> None:
        super().__init__()
        n_snap = _integer('n_snap', n_snap, 1)
        seed = _integer('seed', seed, 0)
        if n_item is None:
            n_item = max(144, n_snap // 2)
        n_item = _integer('n_item', n_item, 12)
        try:
            height, width = size
        except (TypeError, ValueError):
            raise ValueError(
                f'size must be (height, width), not {size!r}') from None
        self.size = (_integer('the height in size', height, 96),
                     _integer('the width in size', width, 64))
        self.seed, self.n_item = seed, n_item
        self._n_snap = n_snap
        self._last = (None, None)
        self._marks: dict[int, tuple[np.ndarray, ...]] = {}
        self.product_images = ProductImages(seed, n_item)
        self.add_getter('img', self._get_img)
        self.add_getter(('bbox', 'label', 'item_id'), self._get_marks)
        if not return_item_id:
            self.keys = ('img', 'bbox', 'label')

    def __len__(self) -> int:
        return self._n_snap

    def __getstate__(self):
        # workers need no copies of rendered pixels
        return {**self.__dict__, '_last': (None, None)}

    def _render(self, i):
        i = range(self._n_snap)[i]
        if self._last[0] != i:
            snap = render_snap(self.seed, i, self.n_item, self.size)
            self._last = (i, snap)
            self._marks[i] = (snap.bbox, snap.label, snap.item_id)
        return self._last[1]

    def _get_img(self, i):
        img = self._render(i).img
        return img.transpose(2, 0, 1).astype(np.float32)

    def _get_marks(self, i):
        i = range(self._n_snap)[i]
        if i not in self._marks:
            snap = render_snap(self.seed, i, self.n_item, self.size,
                               with_img=False)
            self._marks[i] = (snap.bbox, snap.label, snap.item_id)
        return tuple(x.copy() for x in self._marks[i])


def _integer(name, value, low):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f'{name} must be an integer, not {value!r}')
    if value < low:
        raise ValueError(f'{name} must be {low} or more, not {value}')
    return int(value)
