"""Both trainings with networks of a few thousand parameters.

Also a script, for tests that kill it or run it in several processes:

    python tiny.py {ssd,style} OUT '{"iteration": 10, ...}' [COMMUNICATOR]
"""
import json
import sys
from pathlib import Path

from vasily_fashion.datasets import PairDataset, SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.links.ssd import MultiboxTrainChain
from vasily_fashion.links.style_extractor import TripletTrainChain
from vasily_fashion.links.style_extractor.chainer_v1_batch_normalization import (
    ChainerV1BatchNormalization,
)
from vasily_fashion.training import (
    DrawOrder,
    FrozenPairs,
    LaterBlocks,
    LearningRate,
    TrainingPairs,
    TrainingPhotos,
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

    @classmethod
    def prepare(cls, img):
        return letterbox(img, cls.insize) / np.float32(255)

    def extract(self, imgs):
        x = np.stack([self.prepare(img) for img in imgs])
        with chainer.using_config('train', False), chainer.no_backprop_mode(), \
                chainer.using_device(self.device):
            return chainer.get_device('@numpy').send(self(self.device.send(x)).array)


class TinyItems(PairDataset):

    """Items that need not be painted again."""

    n_read = 0

    def __init__(self, dataset):
        self._examples = dataset[:]
        self.item_ids = dataset.item_ids
        self.categories = dataset.categories

    def read_street(self, i, random_state=None):
        self.n_read += 1
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


def train_tiny(
        kind, out, iteration, dataset=None, *, model=None, batch_size=4, seed=0,
        lr=1e-3, lr_schedule='steps', lr_steps=(.7, .9), warm_up=0, attr='lr',
        comm=None, device=-1, features=None, n_view=2, chain=None, **kwargs):
    """Train one of both; return the model and the lines of the log."""
    if dataset is None:
        dataset = tiny_snaps() if kind == 'ssd' else tiny_items()
    if kind == 'ssd':
        model = model or tiny_ssd()
        train, draws = train_fashion_ssd, TrainingPhotos(dataset, model, seed=seed)
        chain = MultiboxTrainChain(model, comm=comm)
    else:
        attr, model = 'alpha', model or TinyStyleExtractor()
        train, draws = train_style_extractor, TrainingPairs(dataset, model, seed=seed)
        trained = model
        if features is not None:
            n_frozen_block = kwargs['n_frozen_block']
            draws = FrozenPairs(draws, model, n_frozen_block, features, n_view)
            trained = LaterBlocks(model, n_frozen_block)
        chain = TripletTrainChain(trained, comm=comm, **(chain or {}))
    chain.to_device(device)
    train(chain, draws, DrawOrder(len(draws), batch_size, seed, comm),
          LearningRate(attr, lr, iteration, lr_schedule, lr_steps, warm_up), out,
          **{'log_interval': 1, 'snapshot_interval': 2, **kwargs})
    if comm is not None and comm.rank > 0:
        return model, None
    with open(f'{out}/log') as file:
        return model, json.load(file)


if __name__ == '__main__':
    kind, out, kwargs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    comm = create_communicator(sys.argv[4] if len(sys.argv) > 4 else None)
    dataset = tiny_snaps() if kind == 'ssd' else tiny_items()
    train_tiny(kind, out, dataset=dataset, comm=comm, **kwargs)
    if comm is not None and kind == 'style':
        Path(out, f'n_read_{comm.rank}').write_text(str(dataset.n_read))
