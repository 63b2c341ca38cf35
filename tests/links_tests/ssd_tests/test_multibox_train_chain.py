from vasily_fashion.links.ssd import MultiboxTrainChain

import chainer
import numpy as np
import pytest
from chainer.backends import cuda


class _Fixed(chainer.Chain):

    """A detector whose outputs are its parameters."""

    def __init__(self, n_box, n_class):
        super().__init__()
        random_state = np.random.RandomState(0)
        with self.init_scope():
            self.locs = chainer.Parameter(
                random_state.normal(size=(2, n_box, 4)).astype(np.float32))
            self.confs = chainer.Parameter(random_state.normal(
                size=(2, n_box, n_class)).astype(np.float32))

    def forward(self, imgs):
        return self.locs, self.confs


def _oracle(locs, confs, gt_locs, gt_labels, alpha, k):
    """Equations 1 and 2 and the mining of the SSD paper, box by box."""
    n = (gt_labels > 0).sum()
    loc = conf = 0
    for b in range(len(locs)):
        negatives = []
        n_positive = 0
        for i, label in enumerate(gt_labels[b]):
            z = confs[b, i].astype(np.float64)
            cross_entropy = np.log(np.exp(z).sum()) - z[label]
            if label == 0:
                negatives.append(cross_entropy)
                continue
            n_positive += 1
            conf += cross_entropy
            for d in np.abs(locs[b, i] - gt_locs[b, i]):
                loc += d ** 2 / 2 if d < 1 else d - .5
        conf += sum(sorted(negatives, reverse=True)[:k * n_positive])
    return loc / n, conf / n, conf / n + alpha * loc / n


@pytest.mark.parametrize('alpha, k', [(1, 3), (.5, 1)])
def test_loss(alpha, k):
    chain = MultiboxTrainChain(_Fixed(20, 4), alpha=alpha, k=k)
    random_state = np.random.RandomState(1)
    gt_locs = random_state.normal(size=(2, 20, 4)).astype(np.float32)
    gt_labels = np.zeros((2, 20), np.int32)
    gt_labels[0, :3] = 1, 3, 2
    gt_labels[1, 7] = 2
    reporter = chainer.Reporter()
    reporter.add_observer('main', chain)
    with reporter.scope({}):
        loss = chain(None, gt_locs, gt_labels)
        report = {name: float(value.array)
                  for name, value in reporter.observation.items()}
    loc, conf, both = _oracle(
        chain.model.locs.array, chain.model.confs.array, gt_locs, gt_labels,
        alpha, k)
    assert report == pytest.approx(
        {'main/loss': both, 'main/loss/loc': loc, 'main/loss/conf': conf},
        rel=1e-5)
    assert float(loss.array) == report['main/loss']
    loss.backward()
    assert np.abs(chain.model.locs.grad[0, :3]).min() > 0
    assert not chain.model.locs.grad[0, 3:].any()


def test_no_box_at_all():
    chain = MultiboxTrainChain(_Fixed(20, 4))
    loss = chain(
        None, np.zeros((2, 20, 4), np.float32), np.zeros((2, 20), np.int32))
    assert float(loss.array) == 0
    loss.backward()


def test_a_class_that_is_not_labelled_is_not_taught():
    gt_locs = np.zeros((2, 20, 4), np.float32)
    gt_labels = np.zeros((2, 20), np.int32)
    gt_labels[:, :2] = 1, 3
    # of class 2 nothing is known in the second photo
    is_labelled = np.array([[True] * 4, [True, True, False, True]])
    chain = MultiboxTrainChain(_Fixed(20, 4))
    loss = chain(None, gt_locs, gt_labels, is_labelled)
    loss.backward()
    grad = chain.model.confs.grad
    assert not grad[1, :, 2].any() and grad[0, :, 2].any()

    # the softmax of that photo is over the other classes
    def without(array):
        return np.delete(array, 2, axis=-1)

    labels = gt_labels.copy()
    labels[labels == 3] = 2
    confs = chain.model.confs.array
    _, conf_0, _ = _oracle(np.zeros((1, 20, 4)), confs[:1], gt_locs[:1], gt_labels[:1], 1, 3)
    _, conf_1, _ = _oracle(
        np.zeros((1, 20, 4)), without(confs[1:]), gt_locs[1:], labels[1:], 1, 3)
    reporter = chainer.Reporter()
    reporter.add_observer('main', chain)
    with reporter.scope({}):
        chain(None, gt_locs, gt_labels, is_labelled)
        found = float(reporter.observation['main/loss/conf'].array)
    assert found == pytest.approx((conf_0 + conf_1) / 2, rel=1e-5)


@pytest.mark.gpu
def test_gpu():
    random_state = np.random.RandomState(1)
    gt_locs = random_state.normal(size=(2, 20, 4)).astype(np.float32)
    gt_labels = np.zeros((2, 20), np.int32)
    gt_labels[0, :3] = 1, 3, 2
    results = []
    for device in ('@numpy', '@cupy:0'):
        chain = MultiboxTrainChain(_Fixed(20, 4))
        chain.to_device(device)
        loss = chain(
            None, chain.device.send(gt_locs), chain.device.send(gt_labels))
        loss.backward()
        results.append([cuda.to_cpu(array) for array in (
            loss.array, chain.model.locs.grad, chain.model.confs.grad)])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
