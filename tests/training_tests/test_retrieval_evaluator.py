import json

from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.evaluations import eval_retrieval
from vasily_fashion.training import RetrievalEvaluator

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer.training import extensions


class _Extractor(chainer.Chain):
    """Embeds the mean colour."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            # by lightness alone, at first
            self.fc = L.Linear(3, 3, initialW=np.full((3, 3), .1, 'f'))

    def prepare(self, img):
        return img.mean(axis=(1, 2)) / np.float32(255)

    def forward(self, crop, product):
        q, p = self.fc(crop), self.fc(product)
        loss = F.triplet(q, p, F.concat([p[1:], p[:1]], axis=0))
        chainer.report({'loss': loss}, self)
        return loss

    def extract(self, imgs):
        assert not chainer.config.train
        with chainer.no_backprop_mode():
            return self.fc(np.stack([self.prepare(i) for i in imgs])).array


@pytest.fixture(scope='module')
def items():
    drawn = SyntheticItemDataset(
        SyntheticFashionDataset(3, seed=1, n_item=12, size=(96, 64)))
    items = chainer.datasets.TupleDataset(*zip(*drawn[:], strict=True))
    items.item_ids = drawn.item_ids
    # some are worn twice
    assert len(set(items.item_ids.tolist())) < len(items)
    return items


def _expected(model, items, ks):
    queries, gallery = [], {}
    for (crop, product, _), item in zip(items, items.item_ids, strict=True):
        queries.append(crop)
        gallery.setdefault(int(item), product)
    with chainer.using_config('train', False):
        return eval_retrieval(
            model.extract(queries), items.item_ids,
            model.extract(list(gallery.values())), list(gallery), ks)


def test_scores_each_epoch_of_a_trainer(items, tmp_path):
    model = _Extractor()
    optimizer = chainer.optimizers.Adam(.05)
    optimizer.setup(model)
    pairs = [(model.prepare(crop), model.prepare(product))
             for crop, product, _ in items]
    updater = chainer.training.StandardUpdater(
        chainer.iterators.SerialIterator(pairs, len(pairs), shuffle=False),
        optimizer)
    trainer = chainer.training.Trainer(updater, (30, 'epoch'), str(tmp_path))
    trainer.extend(RetrievalEvaluator(items, model, batch_size=5, ks=(1, 3)),
                   trigger=(15, 'epoch'))
    trainer.extend(extensions.LogReport(trigger=(15, 'epoch')))
    before = _expected(model, items, (1, 3))
    trainer.run()

    log = json.loads((tmp_path / 'log').read_text())
    assert len(log) == 2
    expected = _expected(model, items, (1, 3))
    for key in ('hit@1', 'hit@3', 'map'):
        assert log[-1][f'validation/main/{key}'] == pytest.approx(
            expected[key])
    assert before['map'] < expected['map']
    assert 'validation/main/hit@5' not in log[-1]


def test_default_ks_and_again_from_the_start(items):
    model = _Extractor()
    evaluator = RetrievalEvaluator(items, model)
    expected = _expected(model, items, (1, 5, 20))
    for _ in range(2):
        assert evaluator() == pytest.approx(
            {f'main/{key}': x for key, x in expected.items()})


def test_a_query_does_not_find_itself():
    """Two photos of each item, paired with each other: noise."""
    rng = np.random.RandomState(0)
    photos = rng.uniform(0, 255, (20, 3, 8, 6)).astype('f')
    # the photo and the other of its item
    items = chainer.datasets.TupleDataset(
        photos, photos.reshape(10, 2, 3, 8, 6)[:, ::-1].reshape(photos.shape),
        np.zeros(20, int))
    items.item_ids = np.arange(20) // 2
    found = RetrievalEvaluator(items, _Extractor(), ks=(1, 19))()
    # its own photo is in the gallery: as the other photo's product image
    assert found['main/hit@1'] < .3 and found['main/hit@19'] == 1
