from vasily_fashion.functions import neighbor_distillation
from vasily_fashion.links.style_extractor.triplet_train_chain import TripletTrainChain

import chainer
import chainer.functions as F
import numpy as np
import pytest

_MARGIN = .2


class _Scale(chainer.Chain):

    """An extractor with one parameter: embeddings are images times it."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.scale = chainer.Parameter(np.array([1.5], np.float32))

    def forward(self, x):
        return x * F.broadcast_to(self.scale, x.shape)


def _oracle(q, p, margin=_MARGIN):
    """What is reported, by loops over triplets."""
    n = len(q)
    losses, hits, d_positive, d_negative = [], [], [], []
    for i in range(n):
        d = [((q[i] - p[j]) ** 2).sum() for j in range(n)]
        hits.append(min(range(n), key=lambda j: d[j]) == i)
        d_positive.append(d[i])
        for j in range(n):
            if j != i:
                losses.append(d[i] - d[j] + margin)
                d_negative.append(d[j])
    active = [loss for loss in losses if loss > 0]
    loss = sum(active) / len(active) if active else 0
    return {
        'loss': loss, 'loss/rank': loss,
        'active': len(active) / len(losses), 'hit': np.mean(hits),
        'd_positive': np.mean(d_positive), 'd_negative': np.mean(d_negative)}


def _report(chain, query, positive, **kwargs):
    reporter = chainer.Reporter()
    reporter.add_observer('main', chain)
    with reporter.scope({}):
        loss = chain(query, positive, **kwargs)
        return loss, {k: float(chainer.backends.cuda.to_cpu(
            getattr(v, 'array', v))) for k, v in reporter.observation.items()}


@pytest.mark.parametrize('seed', range(5))
def test_against_loops(seed):
    random_state = np.random.RandomState(seed)
    n = 2 + seed
    q = random_state.normal(size=(n, 2)).astype(np.float32)
    p = (q + random_state.normal(scale=.7, size=(n, 2))).astype(np.float32)
    loss, report = _report(TripletTrainChain(_Scale(), _MARGIN), q, p)
    expected = _oracle(1.5 * q.astype(np.float64), 1.5 * p.astype(np.float64))
    assert report == pytest.approx(
        {'main/' + name: value for name, value in expected.items()},
        rel=1e-4, abs=1e-6)
    assert float(loss.array) == report['main/loss']


def test_only_violated_triplets_count():
    # anchor 0 is right by far, anchor 1 violates by 4 + margin
    q = np.array([[0., 0], [8, 0]], np.float32)
    p = np.array([[0., 0], [8, 2]], np.float32)
    q[1] = [0, 2]
    chain = TripletTrainChain(_Scale(), _MARGIN)
    loss, report = _report(chain, q, p)
    assert report['main/active'] == report['main/hit'] == .5
    np.testing.assert_allclose(
        loss.array, 1.5 ** 2 * (64 - 4) + _MARGIN, rtol=1e-5)


def test_nothing_to_learn():
    q = np.array([[0., 0], [8, 0]], np.float32)
    chain = TripletTrainChain(_Scale(), _MARGIN)
    loss, report = _report(chain, q, q)
    assert float(loss.array) == report['main/active'] == 0
    chain.cleargrads()
    loss.backward()
    assert (chain.model.scale.grad == 0).all()


def test_gradient():
    random_state = np.random.RandomState(0)
    q, p = random_state.normal(size=(2, 4, 3)).astype(np.float32)
    chain = TripletTrainChain(_Scale(), _MARGIN)
    chain.cleargrads()
    chain(q, p).backward()
    step = 1e-4

    def oracle(scale):
        return _oracle(scale * q.astype(np.float64),
                       scale * p.astype(np.float64))

    above, below = oracle(1.5 + step), oracle(1.5 - step)
    assert above['active'] == below['active']  # no kink between
    expected = (above['loss'] - below['loss']) / (2 * step)
    assert abs(expected) > .1
    np.testing.assert_allclose(
        chain.model.scale.grad, [expected], rtol=1e-3)


def test_batch_of_one():
    x = np.zeros((1, 3), np.float32)
    with pytest.raises(ValueError, match='at least 2'):
        TripletTrainChain(_Scale())(x, x)


def test_both_sides_are_normalised_as_one_batch():
    class Normalize(chainer.Chain):

        def __init__(self):
            super().__init__()
            with self.init_scope():
                self.bn = chainer.links.BatchNormalization(2, decay=0)

        def forward(self, x):
            return self.bn(x)

    random_state = np.random.RandomState(0)
    query = random_state.normal(3, 1, (4, 2)).astype(np.float32)
    positive = random_state.normal(-3, 2, (4, 2)).astype(np.float32)
    model = Normalize()
    TripletTrainChain(model)(query, positive)
    both = np.concatenate([query, positive])
    np.testing.assert_allclose(model.bn.avg_mean, both.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        model.bn.avg_var, both.var(axis=0, ddof=1), rtol=1e-5)


@pytest.mark.gpu
def test_gpu():
    random_state = np.random.RandomState(3)
    q, p = random_state.normal(size=(2, 6, 3)).astype(np.float32)
    ids = np.arange(6)
    chain = TripletTrainChain(
        _Scale(), _MARGIN, teacher_weight=1, teacher=np.eye(6, dtype=np.float32))
    loss, report = _report(chain, q, p, item_id=ids)
    chain.to_device('@cupy:0')
    found, found_report = _report(
        chain, *map(chain.device.send, (q, p)), item_id=chain.device.send(ids))
    np.testing.assert_allclose(
        chainer.backends.cuda.to_cpu(found.array), loss.array, rtol=1e-5)
    assert found_report == pytest.approx(report, rel=1e-5)


class _HostOnly:
    """A communicator whose MPI cannot read the memory of a GPU."""

    def __init__(self, comm):
        self._comm = comm

    def __getattr__(self, name):
        return getattr(self._comm, name)

    def allgather(self, x):
        assert isinstance(x, np.ndarray)
        return self._comm.allgather(x)

    def alltoall(self, xs):
        assert all(isinstance(x, np.ndarray) for x in xs)
        return self._comm.alltoall(xs)


@pytest.mark.gpu
def test_workers_on_gpus_gather_through_the_host():
    pytest.importorskip('mpi4py', reason='several workers need mpi4py')
    import chainermn
    q, p = _pairs(6)
    results = []
    for comm in None, _HostOnly(chainermn.create_communicator('naive')):
        chain = TripletTrainChain(_Scale(), comm=comm)
        chain.to_device('@cupy:0')
        loss = chain(chain.device.send(q), chain.device.send(p), item_id=np.arange(6))
        loss.backward()
        results.append([x.get() for x in (loss.array, chain.model.scale.grad)])
    for expected, found in zip(*results, strict=True):
        assert expected.any()
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def _pairs(n, seed=0):
    return np.random.RandomState(seed).normal(
        size=(2, n, 3)).astype(np.float32)


def test_an_item_twice_is_no_negative_of_itself():
    q, p = _pairs(4)
    chain = TripletTrainChain(_Scale())
    item_id = np.array([5, 6, 5, 7])
    loss, report = _report(chain, q, p, item_id=item_id)
    q, p = 1.5 * q.astype(float), 1.5 * p.astype(float)
    losses = [
        ((q[i] - p[i]) ** 2).sum() - ((q[i] - p[j]) ** 2).sum() + _MARGIN
        for i in range(4) for j in range(4) if item_id[i] != item_id[j]]
    active = [x for x in losses if x > 0]
    assert 0 < len(active) < len(losses) == 10
    assert float(loss.array) == pytest.approx(np.mean(active), rel=1e-5)
    assert report['main/active'] == pytest.approx(len(active) / 10)


def test_one_item_alone():
    q, p = _pairs(2)
    chain = TripletTrainChain(_Scale())
    loss, report = _report(chain, q, p, item_id=np.array([1, 1]))
    assert float(loss.array) == 0 and report['main/hit'] == 1
    chain.cleargrads()
    loss.backward()
    assert (chain.model.scale.grad == 0).all()


def test_ratio_of_the_nearest():
    q, p = _pairs(5)
    chain = TripletTrainChain(_Scale(), loss='ratio', negatives='batch-hard')
    loss, _ = _report(chain, q, p)
    d = 1.5 * np.sqrt(((q[:, None] - p) ** 2).sum(axis=2).astype(float))
    own = np.diag(d)
    other = np.where(np.eye(5), np.inf, d).min(axis=1)
    expected = 2 * (np.exp(own) / (np.exp(own) + np.exp(other))) ** 2
    assert float(loss.array) == pytest.approx(expected.mean(), rel=1e-4)


def test_contrastive():
    q, p = _pairs(3)
    q, p = .2 * q, .2 * p
    chain = TripletTrainChain(_Scale(), loss='contrastive', margin=.8)
    loss, _ = _report(chain, q, p)
    d = 1.5 ** 2 * ((q[:, None] - p) ** 2).sum(axis=2).astype(float)
    expected = np.mean([
        (d[i, i] + max(.8 ** 2 - d[i, j], 0)) / 2
        for i in range(3) for j in range(3) if i != j])
    assert float(loss.array) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize('loss', ['triplet', 'ratio', 'contrastive'])
@pytest.mark.parametrize('margin', [None, .3])
def test_loss_at_collapse(loss, margin):
    if loss == 'ratio' and margin is not None:
        with pytest.raises(ValueError, match='none for the ratio loss'):
            TripletTrainChain(_Scale(), margin, loss)
        return
    chain = TripletTrainChain(_Scale(), margin, loss)
    found, _ = _report(chain, *np.zeros((2, 4, 3), np.float32))
    assert float(found.array) == pytest.approx(chain.loss_at_collapse)


@pytest.mark.parametrize('kwargs', [
    {'loss': 'softmax'}, {'negatives': 'easy'}, {'margin': 0}])
def test_wrong_arguments(kwargs):
    (name, value), = kwargs.items()
    with pytest.raises(ValueError, match=f'{name} must be .*{value}'):
        TripletTrainChain(_Scale(), **kwargs)


def test_hardest_negative_and_category():
    """The sum of three losses, each by a loop."""
    random_state = np.random.RandomState(0)
    q = random_state.normal(size=(5, 3)).astype(np.float32)
    p = (q + random_state.normal(scale=.7, size=(5, 3))).astype(np.float32)
    category = np.int32([0, 2, 1, -1, 2])
    chain = TripletTrainChain(
        _Scale(), hardest_weight=.5, category_weight=.3, category_of_type=[0, 1, 2])
    _, report = _report(chain, q, p, category=category)

    q, p = (1.5 * x.astype(np.float64) for x in (q, p))
    hardest = []
    for i in range(5):
        d = ((q[i] - p) ** 2).sum(axis=1)
        hardest.append(d[i] - np.delete(d, i).min() + _MARGIN)
    hardest = [x for x in hardest if x > 0]
    W, b = (x.array.astype(np.float64) for x in (
        chain.classifier.W, chain.classifier.b))
    entropy = []
    for side in (q, p):
        for x, label in zip(side, category, strict=True):
            if label >= 0:
                z = 10 * W @ x + b  # logits are scaled, so that they learn
                entropy.append(np.log(np.exp(z).sum()) - z[label])
    rank = _oracle(q, p)['loss']
    assert report['main/loss/rank'] == pytest.approx(rank, rel=1e-5)
    assert report['main/loss/hardest'] == pytest.approx(np.mean(hardest), rel=1e-5)
    assert report['main/loss/category'] == pytest.approx(np.mean(entropy), rel=1e-5)
    assert report['main/loss'] == pytest.approx(
        rank + .5 * np.mean(hardest) + .3 * np.mean(entropy), rel=1e-5)


def test_types():
    """Where the type of an item is known it counts, else all of its category."""
    x = np.random.RandomState(0).normal(size=(4, 3)).astype(np.float32)
    category, item_id = np.int32([0, 1, 0, -1]), np.array([2, 0, 1, 3])
    chain = TripletTrainChain(
        _Scale(), category_weight=1, category_of_type=[0, 0, 0, 1],
        type_of_item=np.array([-1, 2, -1, -1]))
    _, report = _report(chain, x, x, category=category, item_id=item_id)
    W, b = chain.classifier.W.array, chain.classifier.b.array
    z = (10 * 1.5 * x @ W.T + b).astype(float)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    expected = -np.log([p[0, :3].sum(), p[1, 3], p[2, 2]])
    assert report['main/loss/category'] == pytest.approx(expected.mean(), rel=1e-5)


def test_the_classifier_is_not_of_the_model():
    chain = TripletTrainChain(_Scale(), category_weight=1)
    assert {name for name, _ in chain.model.namedparams()} == {'/scale'}
    with pytest.raises(ValueError, match='0 or more'):
        TripletTrainChain(_Scale(), hardest_weight=-1)
    x = np.ones((2, 3, 2, 2), np.float32)
    with pytest.raises(ValueError, match='the classification loss needs category'):
        chain(x, x)
    chain = TripletTrainChain(_Scale(), category_weight=1, type_of_item=np.array([0, -1]))
    with pytest.raises(ValueError, match='type_of_item is of item_id, which is not given'):
        chain(x, x, category=np.int32([0, 1]))


def test_teacher():
    """The loss of neighbours of both sides, beside the ranking loss."""
    q, p = np.random.RandomState(0).normal(size=(2, 3, 4)).astype(np.float32)
    item_id = np.array([2, 0, 1])
    teacher = np.float32([[1, 0], [.6, .8], [0, 1]])
    chain = TripletTrainChain(_Scale(), teacher_weight=.5, teacher=teacher)
    _, report = _report(chain, q, p, item_id=item_id)
    expected = neighbor_distillation(
        1.5 * np.concatenate([q, p]), teacher[[2, 0, 1, 2, 0, 1]], np.tile(item_id, 2))
    assert report['main/loss/teacher'] == pytest.approx(float(expected.array), rel=1e-4)
    assert report['main/loss'] == pytest.approx(
        report['main/loss/rank'] + .5 * report['main/loss/teacher'], rel=1e-5)
    with pytest.raises(ValueError, match='teacher is of item_id, which is not given'):
        chain(q, p)
    with pytest.raises(ValueError, match='teacher_weight needs teacher'):
        TripletTrainChain(_Scale(), teacher_weight=1)
