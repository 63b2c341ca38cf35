from vasily_fashion.datasets.read_mat import read_mat

import numpy as np
import pytest
from scipy.io import savemat

_CELLS = np.empty((2, 3), object)
_CELLS.flat = [np.array([x]) for x in ('null', 'T-shirt', 'é', 'ab', '', 'x' * 99)]


@pytest.mark.parametrize('compressed', [False, True])
@pytest.mark.parametrize('value', [
    np.arange(60, dtype=np.uint8).reshape(10, 6), np.array([[3]], np.int16), np.eye(3),
    np.zeros((2, 3, 4), np.float32), np.zeros((0, 0))])
def test_numbers(tmp_path, value, compressed):
    savemat(tmp_path / 'x.mat', {'other': {'a': 3}, 'x': value}, do_compression=compressed)
    found = read_mat(tmp_path / 'x.mat', 'x')
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize('compressed', [False, True])
def test_cells(tmp_path, compressed):
    savemat(tmp_path / 'x.mat', {'x': _CELLS}, do_compression=compressed)
    found = read_mat(tmp_path / 'x.mat', 'x')
    assert found.tolist() == [['null', 'T-shirt', 'é'], ['ab', '', 'x' * 99]]


def test_memory_is_bounded(tmp_path):
    savemat(tmp_path / 'x.mat', {'x': np.zeros((5000, 5000), np.uint8)}, do_compression=True)
    assert (tmp_path / 'x.mat').stat().st_size < 50_000
    with pytest.raises(ValueError, match='20,000,000 bytes'):
        read_mat(tmp_path / 'x.mat', 'x')


@pytest.mark.parametrize('value', [1j * np.eye(2), {'a': 3}])
def test_what_is_no_array_of_real_numbers(tmp_path, value):
    savemat(tmp_path / 'x.mat', {'x': value})
    with pytest.raises(ValueError):
        read_mat(tmp_path / 'x.mat', 'x')
    with pytest.raises(KeyError, match='y'):
        read_mat(tmp_path / 'x.mat', 'y')
