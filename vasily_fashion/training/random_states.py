import json
import random
import zlib
from collections.abc import Iterable

import chainer
import numpy as np


class RandomStates(chainer.training.Extension):
    """All that chance comes from, kept in the snapshot.

    The states of Python's `random`, of `numpy.random` and of generators:
    where they are restored, a training that was stopped draws what one that
    was not would have drawn. CuPy's generators cannot be read; they are
    seeded anew, from the other states, whenever a snapshot is taken and when
    one is read.

    Args:
        device (chainer.backend.Device): Where the training runs.
        generators (iterable of numpy.random.Generator): More of them.
    """

    name = 'random_states'  # type: ignore[assignment]
    # just before the snapshot
    priority = -99

    def __init__(
            self, device: chainer.backend.Device,
            generators: Iterable[np.random.Generator] = ()) -> None:
        self._device = device
        self._generators = list(generators)

    def __call__(self, trainer: chainer.training.Trainer) -> None:
        self._seed_gpu(self._read())

    def serialize(self, serializer: chainer.AbstractSerializer) -> None:
        states = str(serializer('states', self._read()))
        if isinstance(serializer, chainer.serializer.Deserializer):
            self._write(json.loads(states))
            self._seed_gpu(states)

    def _read(self):
        kind, keys, *rest = np.random.get_state()
        return json.dumps({
            'random': random.getstate(),
            'numpy': [kind, keys.tolist(), *rest],
            'generators': [g.bit_generator.state for g in self._generators]})

    def _write(self, states):
        version, internal, gauss_next = states['random']
        random.setstate((version, tuple(internal), gauss_next))
        kind, keys, *rest = states['numpy']
        np.random.set_state((kind, np.array(keys, np.uint32), *rest))
        for generator, state in zip(
                self._generators, states['generators'], strict=True):
            generator.bit_generator.state = state

    def _seed_gpu(self, states):
        if self._device.xp is not np:
            self._device.xp.random.seed(zlib.crc32(states.encode()))
