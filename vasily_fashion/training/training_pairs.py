from collections.abc import Sequence
from typing import Any

from vasily_fashion.datasets.pair_dataset import PairDataset
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.training.draws import Draws
from vasily_fashion.transforms import product_augmentation, street_augmentation, trim_ground

import numpy as np


class TrainingPairs(Draws):
    """Prepared pairs, each side augmented differently at each draw.

    Args:
        dataset (vasily_fashion.datasets.PairDataset): The pairs, such as
            :class:`vasily_fashion.datasets.CCPItemDataset`, or several in a
            :class:`vasily_fashion.datasets.ConcatenatedPairDataset`.
        model (vasily_fashion.links.StyleExtractorBN): What they are for.
        grounds (sequence of numpy.ndarray): Pieces of floors and walls that
            product photos are put on, as
            :func:`~vasily_fashion.transforms.product_augmentation` does.
        seed (int): Of the augmentation.
        p_plain (float or sequence of float): How often an image is not
            augmented, in all pairs or in each: photos of one shop are alike in
            light and ground, which real pairs can be recognised by. The plain
            ground of a product image is trimmed all the same, as galleries
            trim it; chance says how much room stays.

    Raises:
        ValueError: If there is no pair, or `p_plain` is no probability.
    """

    def __init__(
            self, dataset: PairDataset, model: StyleExtractorBN,
            grounds: Sequence[np.ndarray] = (), seed: int = 0,
            p_plain: float | Sequence[float] = 0.) -> None:
        super().__init__(dataset, seed)
        self.prepare, self.grounds = model.prepare, grounds
        # numbers, which a GPU takes
        self.item_ids = np.unique(dataset.item_ids, return_inverse=True)[1].ravel()
        self.p_plain = np.broadcast_to(p_plain, len(dataset))
        if not ((self.p_plain >= 0) & (self.p_plain <= 1)).all():
            raise ValueError(f'p_plain must be from 0 to 1, not {p_plain!r}')

    def draw(
            self, i: int, random_state: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.int32, Any]:
        return (self.street(i, random_state), self.product(i, random_state),
                np.int32(self.dataset.categories[i]), self.item_ids[i])

    def street(
            self, i: int, random_state: np.random.Generator) -> np.ndarray:
        """The street side of an example, :math:`(3, 384, 256)`."""
        img = self.dataset.read_street(i, random_state)
        if not self._is_plain(i, random_state):
            img = street_augmentation(img, random_state)
        return self.prepare(img)

    def product(
            self, i: int, random_state: np.random.Generator) -> np.ndarray:
        """The product side of an example, :math:`(3, 384, 256)`."""
        ground = None
        if len(self.grounds):
            ground = self.grounds[int(random_state.integers(len(self.grounds)))]
        img = self.dataset.read_product(i, random_state)
        if self._is_plain(i, random_state):
            # as galleries are, with more or less room
            img = trim_ground(img, random_state.uniform(0, .3))
        else:
            img = product_augmentation(img, random_state, ground)
        return self.prepare(img)

    def _is_plain(self, i, random_state):
        p = self.p_plain[i]
        return p > 0 and random_state.random() < p
