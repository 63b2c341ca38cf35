import os
from collections.abc import Sequence
from typing import Any

from vasily_fashion.datasets.pair_dataset import PairDataset
from vasily_fashion.deploy.compile_forward import compile_forward
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.training.frozen_features import FrozenFeatures
from vasily_fashion.training.style_extractor_blocks import FirstBlocks
from vasily_fashion.transforms import product_augmentation, street_augmentation
from vasily_fashion.utils.read_ahead import read_ahead

import chainer
import numpy as np
from tqdm import tqdm


class TrainingPairs(chainer.dataset.DatasetMixin):
    """Prepared pairs, each side as another photo would be.

    Args:
        dataset (PairDataset): The pairs.
        model (vasily_fashion.links.StyleExtractorBN): What they are for.
        random_state (numpy.random.Generator): Of the augmentation.
        grounds (sequence of numpy.ndarray): Pieces of floors and walls, for
            :func:`~vasily_fashion.transforms.product_augmentation`.
    """

    def __init__(
            self, dataset: PairDataset, model: StyleExtractorBN,
            random_state: np.random.Generator,
            grounds: Sequence[np.ndarray] = ()) -> None:
        self.dataset, self.model = dataset, model
        self.random_state, self.grounds = random_state, grounds
        self.item_ids = np.asarray(dataset.item_ids)

    def __len__(self) -> int:
        return len(self.dataset)

    def get_example(
            self, i: int) -> tuple[np.ndarray, np.ndarray, np.int32, Any]:
        return (self.street(i, self.random_state),
                self.product(i, self.random_state),
                np.int32(self.dataset.categories[i]), self.item_ids[i])

    def street(
            self, i: int, random_state: np.random.Generator) -> np.ndarray:
        return self.model.prepare(street_augmentation(
            self.dataset.read_street(i, random_state), random_state))

    def product(
            self, i: int, random_state: np.random.Generator) -> np.ndarray:
        ground = None
        if len(self.grounds):
            ground = self.grounds[int(random_state.integers(len(self.grounds)))]
        return self.model.prepare(product_augmentation(
            self.dataset.read_product(i, random_state), random_state, ground))


class FrozenPairs(chainer.dataset.DatasetMixin):
    """What the frozen blocks make of pairs, each view computed once.

    There are `n_view` augmented views of each side of a pair; chance says
    which of them an example has. The blocks compute as in test mode, on the
    device where the model is; on a CPU by OpenVINO where it is installed.

    Args:
        pairs (TrainingPairs): The pairs.
        n_block (int): How many blocks are frozen.
        folder (str or path): As for
            :class:`~vasily_fashion.training.frozen_features.FrozenFeatures`.
        n_view (int or sequence of int): How many views there are of each side
            of a pair, of all or of each.
        seed (int): Of the augmentation.

    Raises:
        ValueError: If the blocks' batch normalisation has seen no images yet,
            or the folder is another training's.
    """

    def __init__(
            self, pairs: TrainingPairs, n_block: int,
            folder: str | os.PathLike[str], n_view: int | Sequence[int],
            seed: int) -> None:
        self._pairs, self._seed = pairs, seed
        self._n_view = np.broadcast_to(
            np.asarray(n_view, np.int64), len(pairs))
        # views of the street side of a pair, then of its product side
        self._end = np.cumsum(2 * self._n_view)
        model = pairs.model
        if not model[f'bn{n_block}_2'].avg_var.any():
            raise ValueError(
                'features need blocks that are trained: their batch '
                'normalisation has no running statistics yet. Train without '
                'first, then start from its model.npz')
        key = [str(seed).encode(), self._n_view.tobytes(),
               pairs.item_ids.tobytes(),
               # two examples stand for how all images are made
               *(img.tobytes() for i in (0, len(pairs) - 1)
                 for img in pairs.dataset[i][:2])]
        for block in range(1, n_block + 1):
            for name in ('conv{}_1', 'bn{}_1', 'conv{}_2', 'bn{}_2'):
                serializer = chainer.serializers.DictionarySerializer()
                serializer.save(model[name.format(block)])
                key += [serializer.target[key].tobytes()
                        for key in sorted(serializer.target)]
        compute = compile_forward(FirstBlocks(model, n_block), model.insize)
        shape = compute(np.zeros((1, 3, *model.insize), np.float32)).shape[1:]
        self._features = FrozenFeatures(
            folder, shape, int(self._end[-1]), b''.join(key))
        self._fill(compute)

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(
            self, i: int) -> tuple[np.ndarray, np.ndarray, np.int32, Any]:
        pairs, n_view = self._pairs, self._n_view[i]
        street, product = pairs.random_state.integers(n_view, size=2)
        first = self._end[i] - 2 * n_view
        return (self._features[first + street],
                self._features[first + n_view + product],
                np.int32(pairs.dataset.categories[i]), pairs.item_ids[i])

    def _fill(self, compute):
        missing = self._features.find_missing()
        # in an order of its own, so that processes may fill a folder together
        np.random.default_rng().shuffle(missing)

        def make():
            for i in missing:
                yield i, (None if i in self._features else self._make(i))

        for i, x in tqdm(
                read_ahead(make(), 2), 'frozen blocks', len(missing), disable=None):
            if x is not None:
                self._features[i] = compute(x[np.newaxis])[0]

    def _make(self, index):
        i = int(np.searchsorted(self._end, index, 'right'))
        view = int(index - self._end[i] + 2 * self._n_view[i])
        random_state = np.random.default_rng([self._seed, i, view])
        make = (self._pairs.street if view < self._n_view[i]
                else self._pairs.product)
        return make(i, random_state)

