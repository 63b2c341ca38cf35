"""Both trainings with networks of a few thousand parameters.

Also a script, for tests that kill it or run it in several processes:

    python tiny.py {ssd,style} OUT '{"iteration": 10, ...}' [COMMUNICATOR]
"""
import json
import sys

from vasily_fashion.datasets import PairDataset, SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.links.style_extractor.chainer_v1_batch_normalization import (
    ChainerV1BatchNormalization,
)
from vasily_fashion.training import (
    create_communicator,
    train_fashion_ssd,
    train_style_extractor,
)
from vasily_fashion.transforms import letterbox
from vasily_fashion.utils import weights_sha256

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainercv.links.model.ssd import SSD, Multibox


class _TinySSDExtractor(chainer.Chain):

    insize = 32
    grids = 8, 4

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.conv1_1 = L.Convolution2D(3, 4, 3, pad=1)
            self.conv1_2 = L.Convolution2D(4, 8, 3, pad=1)
            self.conv2_1 = L.Convolution2D(8, 8, 3, pad=1)

    def forward(self, x):
        h = F.relu(self.conv1_1(x * np.float32(.02)))
        h = F.max_pooling_2d(F.relu(self.conv1_2(h)), 4)
        return [h, F.max_pooling_2d(F.relu(self.conv2_1(h)), 2)]


class _TinySSD(SSD):

    def predict(self, imgs):
        with chainer.using_device(self.device):
            return super().predict(imgs)


def tiny_ssd():
    """ChainerCV's SSD, always from the same weights."""
    state = np.random.get_state()
    np.random.seed(3)
    model = _TinySSD(
        _TinySSDExtractor(), Multibox(13, ((2,), (2,))), (4, 8), (6, 14, 26),
        mean=np.array([123, 117, 104]).reshape(-1, 1, 1))
    model.multibox.loc[0].W.initialize((16, 8, 3, 3))
    model.multibox.loc[1].W.initialize((16, 8, 3, 3))
    model.multibox.conf[0].W.initialize((52, 8, 3, 3))
    model.multibox.conf[1].W.initialize((52, 8, 3, 3))
    np.random.set_state(state)
    return model


class _Mean(chainer.Link):

    def forward(self, h):
        return F.mean(h, axis=(2, 3))


class TinyStyleExtractor(chainer.Chain):

    """StyleExtractorBN with one block and no pooling: a thousand times faster."""

    insize = 24, 16
    dim = 16

    def __init__(self):
        super().__init__()
        state = np.random.get_state()
        np.random.seed(3)
        with self.init_scope():
            self.conv1_1 = L.Convolution2D(3, 8, 3)
            self.bn1_1 = ChainerV1BatchNormalization(8)
            self.conv1_2 = L.Convolution2D(8, 8, 1)
            self.bn1_2 = ChainerV1BatchNormalization(8)
            self.conv4_1 = _Mean()
            self.fc5 = L.Linear(8, 16)
        np.random.set_state(state)

    def forward(self, x):
        h = F.relu(self.bn1_1(self.conv1_1(x)))
        h = F.relu(self.bn1_2(self.conv1_2(h)))
        return self.fc5(self.conv4_1(F.dropout(h, .25)))

    @property
    def fingerprint(self):
        return weights_sha256(self)

    def prepare(self, img):
        return letterbox(img, self.insize) / np.float32(255)

    def extract(self, imgs):
        x = np.stack([self.prepare(img) for img in imgs])
        with chainer.using_config('train', False), chainer.no_backprop_mode(), \
                chainer.using_device(self.device):
            return chainer.get_device('@numpy').send(self(self.device.send(x)).array)


class TinyItems(PairDataset):

    """Items that need not be painted again."""

    def __init__(self, dataset):
        self._examples = dataset[:]
        self.item_ids = dataset.item_ids
        self.categories = dataset.categories

    def read_street(self, i, random_state=None):
        return self._examples[i][0]

    def read_product(self, i, random_state=None):
        return self._examples[i][1]


def tiny_snaps(n_snap=5, seed=1):
    snaps = SyntheticFashionDataset(n_snap, seed=seed, n_item=12, size=(96, 64))
    # a photo without a box takes part
    return [*snaps[:], (
        np.full((3, 50, 40), 100, np.float32), np.zeros((0, 4), np.float32),
        np.zeros(0, np.int32))]


def tiny_items(n_snap=2, seed=1):
    return TinyItems(SyntheticItemDataset(SyntheticFashionDataset(
        n_snap, seed=seed, n_item=12, size=(96, 64))))


def train_tiny(kind, out, iteration, dataset=None, **kwargs):
    """Train one of both; return the model and the lines of the log."""
    if kind == 'ssd':
        model, train, make_dataset = tiny_ssd(), train_fashion_ssd, tiny_snaps
    else:
        model, train, make_dataset = (
            TinyStyleExtractor(), train_style_extractor, tiny_items)
    train(model, make_dataset() if dataset is None else dataset, out, iteration,
          **{'batch_size': 4, 'log_interval': 1, 'snapshot_interval': 2,
             **kwargs})
    if kwargs.get('comm') is not None and kwargs['comm'].rank > 0:
        return model, None
    with open(f'{out}/log') as file:
        return model, json.load(file)


if __name__ == '__main__':
    train_tiny(
        sys.argv[1], sys.argv[2], **json.loads(sys.argv[3]),
        comm=create_communicator(sys.argv[4] if len(sys.argv) > 4 else None))
