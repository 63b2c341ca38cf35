import functools
import os
from typing import Any

from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.training.frozen_features import FrozenFeatures
from vasily_fashion.transforms import street_augmentation

import chainer
import numpy as np


class TrainingPairs(chainer.dataset.DatasetMixin):
    """Prepared pairs, the street side as another photo would be.

    Args:
        dataset: Yields (snap_crop, product_image, category). It may have
            `item_ids`; each example shows another item if not.
        model (vasily_fashion.links.StyleExtractorBN): What they are for.
        random_state (numpy.random.Generator): Of the augmentation.
    """

    def __init__(
            self, dataset: Any, model: StyleExtractorBN,
            random_state: np.random.Generator) -> None:
        self.model = model
        self.random_state = random_state
        self.dataset = dataset
        self.item_ids = np.asarray(
            getattr(dataset, 'item_ids', range(len(dataset))))

    def __len__(self) -> int:
        return len(self.dataset)

    def get_example(
            self, i: int) -> tuple[np.ndarray, np.ndarray, np.int32, Any]:
        crop, product, category = self.dataset[i]
        return (self.prepare_crop(crop, self.random_state),
                self.model.prepare(product), np.int32(category),
                self.item_ids[i])

    def prepare_crop(
            self, crop: np.ndarray,
            random_state: np.random.Generator) -> np.ndarray:
        return self.model.prepare(street_augmentation(crop, random_state))


class FrozenPairs(chainer.dataset.DatasetMixin):
    """What the frozen blocks make of pairs, each image computed once.

    Blocks compute as in test mode, on the device where the model is.

    Args:
        pairs (TrainingPairs): The pairs.
        n_block (int): How many blocks are frozen.
        folder (str or path): As for
            :class:`~vasily_fashion.training.frozen_features.FrozenFeatures`.
        n_view (int): How many augmented views of a crop there are. Chance
            says which of them an example has.
        seed (int): Of the augmentation.

    Raises:
        ValueError: If the blocks' batch normalisation has seen no images yet,
            or the folder is another training's.
    """

    def __init__(
            self, pairs: TrainingPairs, n_block: int,
            folder: str | os.PathLike[str], n_view: int, seed: int) -> None:
        self._pairs, self._n_block = pairs, n_block
        self._n_view, self._seed = n_view, seed
        model = pairs.model
        if not model[f'bn{n_block}_2'].avg_var.any():
            raise ValueError(
                'features need blocks that are trained: their batch '
                'normalisation has no running statistics yet. Train without '
                'first, then start from its model.npz')
        key = [str((seed, n_view)).encode(), pairs.item_ids.tobytes(),
               # two examples stand for how all images are made
               *(img.tobytes() for i in (0, len(pairs) - 1)
                 for img in pairs.dataset[i][:2])]
        for block in range(1, n_block + 1):
            for name in ('conv{}_1', 'bn{}_1', 'conv{}_2', 'bn{}_2'):
                serializer = chainer.serializers.DictionarySerializer()
                serializer.save(model[name.format(block)])
                key += [serializer.target[key].tobytes()
                        for key in sorted(serializer.target)]
        shape = self._compute(np.zeros((3, *model.insize), np.float32)).shape
        self._features = FrozenFeatures(
            folder, shape, (n_view + 1) * len(pairs), b''.join(key))

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(
            self, i: int) -> tuple[np.ndarray, np.ndarray, np.int32, Any]:
        pairs = self._pairs
        view = int(pairs.random_state.integers(self._n_view))
        load = functools.cache(lambda: pairs.dataset[i])

        def crop():
            random_state = np.random.default_rng([self._seed, view, i])
            return self._compute(pairs.prepare_crop(load()[0], random_state))

        def product():
            return self._compute(pairs.model.prepare(load()[1]))

        return (self._features.get(view * len(self) + i, crop),
                self._features.get(self._n_view * len(self) + i, product),
                np.int32(pairs.dataset.categories[i]), pairs.item_ids[i])

    def _compute(self, x):
        model = self._pairs.model
        with chainer.using_config('train', False), \
                chainer.no_backprop_mode():
            y = model.forward_blocks(
                model.device.send(x[np.newaxis]), stop=self._n_block)
        return chainer.get_device('@numpy').send(y.array[0])
