import copy

from tests.training_tests.tiny import TinyItems, TinyStyleExtractor, tiny_items, train_tiny
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.training import DrawOrder, TrainingPairs
from vasily_fashion.training.scale_embeddings import scale_embeddings
from vasily_fashion.transforms import find_foreground, trim_ground

import chainer
import numpy as np
import pytest
from chainer.functions.noise.dropout import Dropout
from chainercv.utils import mask_to_bbox


class _FarAway(TinyItems):

    def read_product(self, i, random_state=None):
        return np.pad(
            super().read_product(i), [(0, 0), (150, 150), (150, 150)], constant_values=255)


@pytest.fixture(scope='module')
def dataset():
    return tiny_items()


def _weights(link):
    return {name: param.array.copy() for name, param in link.namedparams()}


def _train(dataset, out, iteration, **kwargs):
    return train_tiny('style', out, iteration, dataset, **{'batch_size': 3, **kwargs})


@pytest.fixture(scope='module')
def run(dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp('style') / 'out'
    return (*_train(dataset, out, 5), out)


def test_files(run):
    model, log, out = run
    assert {path.name for path in out.iterdir()} == {
        'log', 'snapshot', 'model.npz'}
    assert [line['iteration'] for line in log] == [1, 2, 3, 4, 5]
    for line in log:
        assert np.isfinite(line['main/loss']) and line['main/loss'] >= 0
        assert 0 <= line['main/hit'] <= 1 and 0 <= line['main/active'] <= 1
        assert line['main/d_positive'] >= 0 and line['main/d_negative'] > 0
    saved = TinyStyleExtractor()
    chainer.serializers.load_npz(out / 'model.npz', saved)
    before = _weights(TinyStyleExtractor())
    for name, array in _weights(model).items():
        np.testing.assert_array_equal(_weights(saved)[name], array, name)
        if name not in ('/conv1_1/b', '/conv1_2/b', '/fc5/b'):  # no gradient but rounding
            assert not np.array_equal(array, before[name]), name


def test_same_seed_same_losses(run, dataset, tmp_path):
    log = _train(dataset, tmp_path, 2)[1]
    for a, b in zip(run[1][:2], log, strict=True):
        assert a['main/loss'] == pytest.approx(b['main/loss'], rel=1e-5)
    other = _train(dataset, tmp_path / 'b', 1, seed=9)[1]
    assert other[0]['main/loss'] != pytest.approx(log[0]['main/loss'], 1e-3)


def test_it_learns(dataset, tmp_path):
    log = _train(dataset, tmp_path, 60, batch_size=5, lr=.01)[1]

    def mean(lines):
        return np.mean([line['main/d_negative'] / line['main/d_positive']
                        for line in lines])

    # other items move away from an anchor faster than its own
    assert mean(log[-20:]) > 1.1 * mean(log[:10])


def test_distances_start_near_one(dataset, tmp_path):
    line = _train(dataset, tmp_path, 1, batch_size=5)[1][0]
    assert 0.2 < line['main/d_negative'] < 5


def test_batch_of_one(dataset, tmp_path):
    with pytest.raises(ValueError, match='at least 2'):
        _train(dataset, tmp_path, 1, batch_size=1)


def test_empty_dataset():
    with pytest.raises(ValueError, match='dataset is empty'):
        TrainingPairs([], TinyStyleExtractor())


def test_item_ids_are_numbers_whatever_they_were(dataset):
    named = tiny_items()
    named.item_ids = np.array([f'item {i}' for i in dataset.item_ids])
    ids = [TrainingPairs(named, TinyStyleExtractor())[i][3] for i in range(len(named))]
    assert np.array(ids).dtype.kind == 'i'
    assert len(set(ids)) == len(set(dataset.item_ids.tolist()))


def test_scaling_leaves_running_statistics(dataset):
    model = TinyStyleExtractor()
    pairs = TrainingPairs(dataset, model)
    scale_embeddings(model, pairs, DrawOrder(len(pairs), 4))
    assert not model.bn1_1.avg_mean.any() and not model.bn1_1.avg_var.any()


def test_p_plain(dataset):
    """Of each pair its own: the first stays as it is, the others do not."""
    model = TinyStyleExtractor()
    pairs = TrainingPairs(dataset, model, p_plain=[1] + [0] * (len(dataset) - 1))
    for i, is_plain in (0, True), (1, False):
        street = pairs.street(i, np.random.default_rng(0))
        assert np.array_equal(street, model.prepare(dataset[i][0])) == is_plain
        product = pairs.product(i, np.random.default_rng(0))
        assert any(np.array_equal(product, model.prepare(trim_ground(dataset[i][1], room)))
                   for room in np.linspace(0, .3, 100)) == is_plain
    with pytest.raises(ValueError, match=r'p_plain must be from 0 to 1, not 1\.5'):
        TrainingPairs(dataset, model, p_plain=1.5)


def test_plain_products_are_trimmed(dataset):
    """However far away a shop takes its photos."""
    far = copy.copy(dataset)
    far.__class__ = _FarAway
    model = TinyStyleExtractor()
    model.prepare = StyleExtractorBN.prepare  # large enough to measure
    pairs = TrainingPairs(far, model, p_plain=1)
    sides = []
    for seed in range(20):
        foreground = find_foreground(pairs.product(0, np.random.default_rng(seed)) * 255)
        y0, x0, y1, x1 = mask_to_bbox(foreground[np.newaxis])[0]
        sides.append(max((y1 - y0) / 384, (x1 - x0) / 256))
    # room of 0 to 0.3 on both sides
    assert 1 / 1.6 - .01 < min(sides) < .7 and .9 < max(sides) <= 1


@pytest.mark.gpu
def test_gpu_is_seeded(dataset, tmp_path):
    """Dropout on a GPU: the same again, and from a snapshot; not of another seed."""
    kwargs = {'device': '@cupy:0', 'lr_steps': []}
    log = _train(dataset, tmp_path / 'a', 4, **kwargs)[1]
    _train(dataset, tmp_path / 'b', 2, **kwargs)
    resumed = _train(
        dataset, tmp_path / 'c', 4, resume=tmp_path / 'b' / 'snapshot', **kwargs)[1]
    for line, again in zip(log, resumed, strict=True):
        assert line['main/loss'] == pytest.approx(again['main/loss'], rel=1e-5)
    other = _train(dataset, tmp_path / 'd', 1, seed=9, **kwargs)[1]
    assert other[0]['main/loss'] != pytest.approx(log[0]['main/loss'], rel=1e-3)


class _HostDropout(chainer.FunctionHook):
    """Dropout draws on the host, the same for a GPU."""

    def forward_preprocess(self, function, in_data):
        if isinstance(function, Dropout):
            x, = in_data
            keeps = np.random.rand(*x.shape) >= function.dropout_ratio
            function.mask = chainer.backend.get_device_from_array(x).send(
                (keeps / (1 - function.dropout_ratio)).astype(x.dtype))


@pytest.mark.gpu
def test_a_step_on_a_gpu_is_that_of_the_cpu(dataset, tmp_path):
    found = []
    for device in '@numpy', '@cupy:0':
        with _HostDropout():
            model, (line,) = _train(dataset, tmp_path / device, 1, device=device)
        model.to_device('@numpy')
        found.append((line, _weights(model)))
    (expected, expected_weights), (line, weights) = found
    for key in 'main/loss', 'main/d_positive', 'main/d_negative', 'main/hit':
        assert line[key] == pytest.approx(expected[key], rel=1e-4), key
    before = _weights(TinyStyleExtractor())
    for name, array in weights.items():
        if name not in ('/conv1_1/b', '/conv1_2/b', '/fc5/b'):  # no gradient but rounding
            np.testing.assert_allclose(
                array - before[name], expected_weights[name] - before[name],
                rtol=.05, atol=1e-4, err_msg=name)


@pytest.mark.gpu
def test_a_model_that_is_on_a_gpu_already(dataset, tmp_path):
    model = TinyStyleExtractor()
    model.to_device('@cupy:0')
    _, (line,) = _train(dataset, tmp_path, 1, batch_size=5, model=model, device='@cupy:0')
    assert 0.2 < line['main/d_negative'] < 5
