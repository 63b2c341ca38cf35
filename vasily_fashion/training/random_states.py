import json
import zlib

import chainer
import numpy as np


class RandomStates(chainer.training.Extension):
    """The state of `numpy.random`, kept in the snapshot.

    Dropout and random negatives are drawn from it. When it is restored, a
    stopped training draws the same numbers as a training that was not stopped.
    Order and augmentation have no state. CuPy's generators cannot be read, so
    they are seeded again from that state whenever a snapshot is taken or read.

    Args:
        device (chainer.backend.Device): Where the training runs.
    """

    name = 'random_states'  # type: ignore[assignment]
    # just before the snapshot
    priority = -99

    def __init__(self, device: chainer.backend.Device) -> None:
        self._device = device

    def __call__(self, trainer: chainer.training.Trainer) -> None:
        self._seed_gpu(self._read())

    def serialize(self, serializer: chainer.AbstractSerializer) -> None:
        states = str(serializer('states', self._read()))
        if isinstance(serializer, chainer.serializer.Deserializer):
            np.random.set_state(json.loads(states))
            self._seed_gpu(states)

    def _read(self):
        kind, keys, *rest = np.random.get_state()
        return json.dumps([kind, keys.tolist(), *rest])

    def _seed_gpu(self, states):
        if self._device.xp is not np:
            with chainer.using_device(self._device):
                self._device.xp.random.seed(zlib.crc32(states.encode()))
