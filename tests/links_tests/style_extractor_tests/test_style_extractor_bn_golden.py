"""The port against what the article's code did on Chainer 1.17.0.

See ../data/README.md for the recorded run.
"""
import pathlib

from vasily_fashion.links import StyleExtractorBN

import chainer
import chainer.functions as F
import numpy as np
import pytest
from threadpoolctl import threadpool_info

_GOLDEN = (pathlib.Path(__file__).parents[1] / 'data'
           / 'style_extractor_bn_chainer117_seed7.npz')
_RTOL = 1e-4
# Zero but for rounding: a batch normalisation takes these biases off again,
# and fc5's cancels out of every difference of two embeddings.
_ZERO_GRADIENTS = {'grad/fc5/b'} | {
    f'grad/conv{i}_{j}/b' for i in (1, 2, 3) for j in (1, 2)}


@pytest.fixture(scope='module')
def golden():
    with np.load(_GOLDEN) as file:
        return {name: file[name] for name in file.files}


def _summary(array):
    array = array.astype(np.float64)
    return np.array(
        [array.sum(), np.abs(array).sum(), *array.ravel()[:6]])


@pytest.fixture(scope='module')
def initial():
    state = np.random.get_state()
    np.random.seed(7)
    model = StyleExtractorBN()
    np.random.set_state(state)
    return model


@pytest.fixture(
    scope='module',
    params=[True, pytest.param(False, marks=pytest.mark.slow)],
    ids=['accelerated', 'plain'])
def replayed(request, initial):
    """The recorded run once more, through the article's v1 habits."""
    state = np.random.get_state()
    rs = np.random.RandomState(7)
    model = initial.copy(mode='copy')
    found = {}
    losses = []
    with chainer.using_config('accelerate', request.param):
        batches = [[rs.rand(3, 3, 384, 256).astype('f') for _ in range(3)]
                   for _ in range(2)]
        np.random.seed(8)
        model.train = True
        optimizer = chainer.optimizers.SGD(lr=1e-5)
        optimizer.setup(model)
        for batch in batches:
            q, p, n = (model(x) for x in batch)
            loss = F.triplet(q, p, n, margin=0.2)
            model.cleargrads()
            loss.backward()
            if not losses:
                found.update(
                    {'emb_q': q.array, 'emb_p': p.array, 'emb_n': n.array})
                found.update({
                    'grad' + name: _summary(param.grad)
                    for name, param in model.namedparams()})
            optimizer.update()
            losses.append(float(loss.array))
        model.train = False
        found['y_test'] = model(rs.rand(2, 3, 384, 256).astype('f')).array
    np.random.set_state(state)
    found['losses'] = np.array(losses)
    for name in ('bn1_1', 'bn3_2'):
        found['avg_mean/' + name] = model[name].avg_mean
        found['avg_var/' + name] = model[name].avg_var
    return found


def test_initial_weights(golden, initial):
    recorded = {name[len('init'):] for name in golden if name[:5] == 'init/'}
    params = dict(initial.namedparams())
    assert params.keys() == recorded
    for name, param in params.items():
        summary = _summary(param.array)
        # the first six values to the last bit, the sums as far as the
        # recorded float32 tells
        np.testing.assert_array_equal(
            summary[2:].astype(np.float32), golden['init' + name][2:], name)
        np.testing.assert_allclose(
            summary[:2], golden['init' + name][:2], rtol=2e-7,
            atol=2e-7 * summary[1], err_msg=name)


def test_number_of_parameters(initial):
    assert sum(param.size for param in initial.params()) == 1_835_584


def test_losses(golden, replayed):
    np.testing.assert_allclose(
        replayed['losses'], golden['losses'], rtol=_RTOL)


@pytest.mark.parametrize('name', ['emb_q', 'emb_p', 'emb_n', 'y_test'])
def test_embeddings(golden, replayed, name):
    assert replayed[name].shape == golden[name].shape
    scale = np.abs(golden[name]).max()
    np.testing.assert_allclose(
        replayed[name], golden[name], rtol=0, atol=_RTOL * scale)


def _skip_where_blas_rounds_otherwise():
    # A ReLU or a maximum that falls to the other side moves a gradient by more
    # than 1e-4: conv1_1's by 1.4e-4 on Haswell's kernels. Losses, embeddings
    # and statistics do not mind.
    kernels = {info.get('architecture') for info in threadpool_info()
               if info['user_api'] == 'blas'}
    if not kernels & {'SkylakeX', 'Cooperlake', 'SapphireRapids'}:
        pytest.skip(
            'the recorded gradients hinge on rounding that BLAS kernels other '
            f'than those for AVX-512 do not share; here: {kernels}')


@pytest.mark.xfail(
    strict=False,
    reason='misses 1e-4 of the absolute sum by 8 %, as unaccelerated Chainer '
    '7.8.1 does: where the port is not proved to the last digit')
def test_gradient_sum_of_bn1_1_beta(golden, replayed):
    _skip_where_blas_rounds_otherwise()
    name = 'grad/bn1_1/beta'
    np.testing.assert_allclose(
        replayed[name][:2], golden[name][:2], rtol=0,
        atol=_RTOL * golden[name][1])


def test_gradients(golden, replayed):
    _skip_where_blas_rounds_otherwise()
    names = [name for name in golden if name[:5] == 'grad/']
    assert set(names) == {n for n in replayed if n[:5] == 'grad/'}
    for name in names:
        summary, recorded = replayed[name], golden[name]
        if name in _ZERO_GRADIENTS:
            # zero up to rounding, on both sides, beside the weights' own
            of_weights = golden[name[:-1] + 'W'][1]
            assert summary[1] < _RTOL * of_weights, name
            assert recorded[1] < _RTOL * of_weights, name
            continue
        # sums against the absolute sum, single values against the largest
        if name != 'grad/bn1_1/beta':  # below
            np.testing.assert_allclose(
                summary[:2], recorded[:2], rtol=0, atol=_RTOL * recorded[1],
                err_msg=name)
        np.testing.assert_allclose(
            summary[2:], recorded[2:], rtol=0,
            atol=_RTOL * np.abs(recorded[2:]).max(), err_msg=name)


@pytest.mark.parametrize(
    'name',
    ['avg_mean/bn1_1', 'avg_mean/bn3_2', 'avg_var/bn1_1', 'avg_var/bn3_2'])
def test_running_statistics(golden, replayed, name):
    assert replayed[name].shape == golden[name].shape
    np.testing.assert_allclose(
        replayed[name], golden[name], rtol=0,
        atol=_RTOL * np.abs(golden[name]).max())
