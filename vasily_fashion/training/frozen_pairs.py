import os
from collections.abc import Sequence
from typing import Any

from vasily_fashion.deploy.compile_forward import compile_forward
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.training.draws import Draws
from vasily_fashion.training.frozen_features import FrozenFeatures
from vasily_fashion.training.style_extractor_blocks import FirstBlocks
from vasily_fashion.training.training_pairs import TrainingPairs

import chainer
import numpy as np

_N_KEY = 16


class FrozenPairs(Draws):
    """What the frozen blocks make of pairs, each view computed once.

    There are `n_view` augmented views of each side of a pair; chance says
    which of them an example has. The blocks compute as in test mode, on the
    device where the model is; on a CPU by OpenVINO where it is installed.

    The train chain is then that of
    :class:`~vasily_fashion.training.LaterBlocks`. The folder has 98 kB a view
    with two blocks frozen (one: 786 kB, three: 12 kB).

    Args:
        pairs (TrainingPairs): The pairs.
        model (vasily_fashion.links.StyleExtractorBN): Whose blocks.
        n_block (int): How many blocks are frozen, 1 to 3.
        folder (str or path): Where the outputs are kept, float16; made if
            there is none. Another training from the same weights, images,
            augmentation, views and seed goes on using it.
        n_view (int or sequence of int): How many views there are of each side
            of a pair, of all or of each.

    Raises:
        ValueError: If the blocks' batch normalisation has seen no images yet,
            or the folder is another training's.
    """

    def __init__(
            self, pairs: TrainingPairs, model: StyleExtractorBN, n_block: int,
            folder: str | os.PathLike[str],
            n_view: int | Sequence[int] = 4) -> None:
        super().__init__(pairs, pairs.seed)
        self.item_ids = pairs.item_ids
        self._n_view = np.broadcast_to(
            np.asarray(n_view, np.int64), len(pairs))
        if (self._n_view < 1).any():
            raise ValueError(f'n_view must be 1 or more, not {self._n_view.min()}')
        # views of the street side of a pair, then of its product side
        self._end = np.cumsum(2 * self._n_view)
        if not model[f'bn{n_block}_2'].avg_var.any():
            raise ValueError(
                'features need blocks that are trained: their batch '
                'normalisation has no running statistics yet. Train without '
                'first, then start from its model.npz')
        # some views stand for how all of them are made
        some = np.unique(np.linspace(0, len(pairs) - 1, _N_KEY).astype(int)).tolist()
        key = [str(self.seed).encode(), self._n_view.tobytes(),
               pairs.item_ids.tobytes(), pairs.p_plain.tobytes(),
               *(make(i, np.random.default_rng([self.seed, i])).tobytes()
                 for i in some for make in (pairs.street, pairs.product))]
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
        self._features.fill(self._make, lambda x: compute(x[np.newaxis])[0], 'frozen blocks')

    def draw(
            self, i: int, random_state: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.int32, Any]:
        n_view = self._n_view[i]
        street, product = random_state.integers(n_view, size=2)
        first = self._end[i] - 2 * n_view
        return (self._features[first + street],
                self._features[first + n_view + product],
                np.int32(self.dataset.dataset.categories[i]), self.item_ids[i])

    def _make(self, index):
        i = int(np.searchsorted(self._end, index, 'right'))
        view = int(index - self._end[i] + 2 * self._n_view[i])
        random_state = np.random.default_rng([self.seed, i, view])
        make = (self.dataset.street if view < self._n_view[i]
                else self.dataset.product)
        return make(i, random_state)

