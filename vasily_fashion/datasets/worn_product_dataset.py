from collections.abc import Sequence
from typing import Any

from vasily_fashion.datasets.pair_dataset import PairDataset
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.transforms import (
    crop_by_bbox,
    find_foreground,
    jitter_bbox,
    lay_product,
    wear_product,
)

import numpy as np
from chainercv.utils import mask_to_bbox


class WornProductDataset(PairDataset):
    """Pairs made from product photos: each item is put on people of street snaps.

    An example is a product photo and the crop of a snap in which somebody
    wears it: the item, cut from its plain ground, is bent and lit and laid
    over an item of its category, as
    :func:`~vasily_fashion.transforms.wear_product` does. Another
    `random_state` chooses another person. A product on no plain ground is
    its own street side.

    Args:
        products (RetrievalDataset): The product photos with their categories.
        snaps (sequence): Data sets of (img, bbox, label), such as
            :class:`~vasily_fashion.datasets.CCPBboxDataset`. A product of a
            category that no snap has a box of is left out.
        box_jitter (float): How far the box of the worn item is moved in
            training, as :func:`~vasily_fashion.transforms.jitter_bbox` does
            with that standard deviation.
        box_margin (float): The most room that those boxes get, as its `margin`.
        grounds (sequence of numpy.ndarray): Pieces of floors and walls, as
            `read_grounds` cuts.
        p_ground (float): How often, in training, an item lies on one of them or
            on cloth instead, as
            :func:`~vasily_fashion.transforms.lay_product` lays it.

    It returns what :class:`~vasily_fashion.datasets.PairDataset` does.

    Attributes:
        n_left_out (int): Products that no snap has a box for.

    Raises:
        ValueError: If there are no snaps, no product is left, or `p_ground` is no probability or
            there are no grounds for it.
    """

    def __init__(self, products: RetrievalDataset, snaps: Sequence[Any],
                 box_jitter: float = .12, grounds: Sequence[np.ndarray] = (),
                 p_ground: float = 0., box_margin: float = 0.) -> None:
        if not 0 <= p_ground <= 1:
            raise ValueError(f'p_ground must be from 0 to 1, not {p_ground!r}')
        if p_ground and not len(grounds):
            raise ValueError(f'p_ground is {p_ground}, and there are no grounds')
        self._snaps = list(snaps)
        if not self._snaps:
            raise ValueError('snaps is empty: whose people are to wear the products?')
        self.box_jitter, self.box_margin = box_jitter, box_margin
        self._grounds, self.p_ground = grounds, p_ground
        places: dict[int, list[tuple[int, int, np.ndarray]]] = {}
        for s, dataset in enumerate(self._snaps):
            for i, (bbox, label) in enumerate(dataset.slice[:, ('bbox', 'label')]):
                for box, category in zip(bbox, label, strict=True):
                    places.setdefault(int(category), []).append((s, i, box))
        self._places = places
        known = np.array([int(c) in places for c in products.labels], bool)
        self.n_left_out = int((~known).sum())
        if not known.any():
            raise ValueError(
                f'no snap shows an item of the category of any of the '
                f'{len(known)} products: nothing to train on')
        self.products = products.choose(known)
        self.item_ids = self.products.item_ids
        self.categories = self.products.labels

    @property
    def types(self) -> Sequence[str]:
        return getattr(self.products, 'types', None) or super().types

    def read_street(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        img = self.products.read_photo(i)
        mask = find_foreground(img)
        if mask is None:
            return img
        in_training = random_state is not None
        if random_state is None:
            random_state = np.random.default_rng(range(len(self))[i])
        elif random_state.random() < self.p_ground:
            return lay_product(
                img, mask, self._choose_ground(random_state), random_state)
        places = self._places[int(self.categories[i])]
        s, snap, bbox = places[random_state.integers(len(places))]
        photo = self._snaps[s].slice[snap:snap + 1, 'img'][0]
        photo, bbox = wear_product(img, mask, photo, bbox, random_state)
        if in_training:
            bbox = jitter_bbox(
                bbox[None], self.box_jitter, random_state, self.box_margin)[0]
        return crop_by_bbox(photo, bbox[None])[0].copy()

    def _choose_ground(self, random_state):
        """A piece of a floor, or cloth: what another product is made of."""
        if random_state.random() < .5:
            return self._grounds[random_state.integers(len(self._grounds))]
        img = self.products.read_photo(int(random_state.integers(len(self))))
        mask = find_foreground(img)
        if mask is None:
            return img
        y0, x0, y1, x1 = mask_to_bbox(mask[None])[0].astype(int)
        side = max(1, int(random_state.uniform(.2, .5) * min(y1 - y0, x1 - x0)))
        y, x = (y0 + y1 - side) // 2, (x0 + x1 - side) // 2
        return img[:, y:y + side, x:x + side]

    def read_product(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        return self.products.read_photo(i)
