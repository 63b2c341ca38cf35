from vasily_fashion.utils import load_weights, save_weights

import chainer
import chainer.links as L
import numpy as np
import pytest


class _Net(chainer.Chain):

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.fc = L.Linear(3, 2)
            self.bn = L.BatchNormalization(2)


def _arrays(link):
    return {name: param.array for name, param in link.namedparams()}


def test_what_is_saved_is_loaded(tmp_path):
    a, b = _Net(), _Net()
    a.bn.avg_mean[:] = [3, 4]
    a.bn.N = 7
    save_weights(tmp_path / 'a.npz', a)
    load_weights(tmp_path / 'a.npz', b)
    for name, array in _arrays(a).items():
        np.testing.assert_array_equal(_arrays(b)[name], array)
    np.testing.assert_array_equal(b.bn.avg_mean, [3, 4])
    assert b.bn.N == 7


def test_chainer_reads_it_too(tmp_path):
    a, b = _Net(), _Net()
    save_weights(tmp_path / 'a.npz', a)
    chainer.serializers.load_npz(tmp_path / 'a.npz', b)
    np.testing.assert_array_equal(b.fc.W.array, a.fc.W.array)


def test_half_precision_is_half_the_size_and_near(tmp_path):
    a, b = L.Linear(200, 100), L.Linear(200, 100)
    save_weights(tmp_path / 'whole.npz', a)
    save_weights(tmp_path / 'half.npz', a, np.float16)
    sizes = [(tmp_path / name).stat().st_size
             for name in ('half.npz', 'whole.npz')]
    assert sizes[0] < 0.55 * sizes[1]
    load_weights(tmp_path / 'half.npz', b)
    assert b.W.dtype == np.float32
    np.testing.assert_allclose(b.W.array, a.W.array, rtol=1e-3, atol=1e-7)


def test_same_weights_give_the_same_bytes(tmp_path):
    a = _Net()
    for name in ('1.npz', '2.npz'):
        save_weights(tmp_path / name, a)
    assert ((tmp_path / '1.npz').read_bytes()
            == (tmp_path / '2.npz').read_bytes())


@pytest.mark.parametrize('value, dtype', [(1e5, np.float16), (np.nan, None)])
def test_what_is_not_finite_is_refused_and_nothing_is_written(
        tmp_path, value, dtype):
    a = _Net()
    a.fc.W.array[0, 0] = value
    with pytest.raises(ValueError, match='fc/W holds values'):
        save_weights(tmp_path / 'a.npz', a, dtype)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.gpu
def test_gpu(tmp_path):
    a = _Net()
    a.bn.avg_mean[:] = [3, 4]
    save_weights(tmp_path / 'cpu.npz', a)
    a.to_device('@cupy:0')
    save_weights(tmp_path / 'gpu.npz', a)
    assert ((tmp_path / 'gpu.npz').read_bytes()
            == (tmp_path / 'cpu.npz').read_bytes())
