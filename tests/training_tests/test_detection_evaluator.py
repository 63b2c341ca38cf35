import json

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.evaluations import eval_detection
from vasily_fashion.training import DetectionEvaluator

import chainer
import numpy as np
import pytest
from chainer.training import extensions
from chainercv.links.model.ssd import SSD


class _Detector(chainer.Chain):
    """Predicts what it learns: how much smaller boxes are than the snap."""

    use_preset = SSD.use_preset

    def __init__(self):
        super().__init__()
        self.use_preset('visualize')
        with self.init_scope():
            self.margin = chainer.Parameter(np.float32([.4, .4, -.4, -.4]))

    def forward(self, img, bbox, label):
        sides = np.float32(img.shape[2:] * 2)
        target = (bbox[:, 0] / sides - np.float32([0, 0, 1, 1])).astype('f')
        loss = chainer.functions.mean_squared_error(
            chainer.functions.broadcast_to(self.margin, target.shape), target)
        chainer.report({'loss': loss}, self)
        return loss

    def predict(self, imgs):
        assert not chainer.config.train
        assert self.score_thresh == .01
        bbox = np.float32([0, 0, 1, 1]) + self.margin.array
        return ([bbox[None] * np.float32(img.shape[1:] * 2) for img in imgs],
                [np.zeros(1, np.int32) for _ in imgs],
                [np.float32([.3]) for _ in imgs])


def _snaps(n):
    """Photos of one bag each, in the middle."""
    rng = np.random.RandomState(0)
    return [(rng.uniform(0, 255, (3, 40, 60)).astype('f'),
             np.float32([[4, 6, 36, 54]]), np.zeros(1, np.int32))
            for _ in range(n)]


def test_scores_each_epoch_of_a_trainer(tmp_path):
    model = _Detector()
    optimizer = chainer.optimizers.SGD(1.)
    optimizer.setup(model)
    updater = chainer.training.StandardUpdater(
        chainer.iterators.SerialIterator(_snaps(4), 4), optimizer)
    trainer = chainer.training.Trainer(updater, (6, 'epoch'), str(tmp_path))
    held_out = _snaps(3)
    trainer.extend(DetectionEvaluator(
        chainer.iterators.SerialIterator(
            held_out, 2, repeat=False, shuffle=False), model))
    trainer.extend(extensions.LogReport())
    trainer.run()

    log = json.loads((tmp_path / 'log').read_text())
    scores = [line['validation/main/map'] for line in log]
    assert len(scores) == 6
    # a box too small at first, and the right one when it is learnt
    assert scores[0] == 0 and scores[-1] == pytest.approx(1)
    assert {key for key in log[0] if key.startswith('validation')} == {
        'validation/main/map',
        *(f'validation/main/ap/{c}' for c in FASHION_CATEGORIES)}
    assert log[-1]['validation/main/ap/bag'] == pytest.approx(1)
    assert np.isnan(log[-1]['validation/main/ap/belt'])
    # as it was
    assert (model.nms_thresh, model.score_thresh) == (.45, .6)


def test_is_eval_detection_difficult_boxes_and_all():
    model = _Detector()
    model.use_preset('evaluate')
    examples = [(*snap, np.arange(len(snap[1])) % 2 == 1)
                for snap in SyntheticFashionDataset(
                    3, seed=1, n_item=12, size=(96, 64))[:]]
    evaluator = DetectionEvaluator(chainer.iterators.SerialIterator(
        examples, 2, repeat=False, shuffle=False), model)
    imgs, bboxes, labels, difficults = zip(*examples, strict=True)
    with chainer.using_config('train', False):
        expected = eval_detection(
            *model.predict(imgs), bboxes, labels, difficults)
    for _ in range(2):  # again from the start
        found = evaluator()
        assert found == pytest.approx(
            {f'main/{key}': x for key, x in expected.items()}, nan_ok=True)


def test_thresholds_survive_an_error():
    model = _Detector()
    img = np.zeros((3, 4, 4), 'f')
    evaluator = DetectionEvaluator(chainer.iterators.SerialIterator(
        [(img, np.zeros((1, 4), 'f'), np.int32([99]))], 1, repeat=False),
        model)
    with pytest.raises(ValueError, match=r'gt_labels\[0\] has labels 99'):
        evaluator()
    assert model.score_thresh == .6


def test_own_classes():
    """They are the detector's, or as said."""
    def scores(**kwargs):
        return DetectionEvaluator(chainer.iterators.SerialIterator(
            _snaps(2), 2, repeat=False), model, **kwargs)()

    model = _Detector()
    assert set(scores(label_names=['obi', 'geta'])) == {
        'main/map', 'main/ap/obi', 'main/ap/geta'}
    model.label_names = ('kimono',)
    assert set(scores()) == {'main/map', 'main/ap/kimono'}
