import json
import sys
import zipfile

from vasily_fashion.converters import read_arrays

import h5py
import numpy as np
import pytest

_LEGACY_TORCH = b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'


def _write_safetensors(path, arrays):
    header, data = {'__metadata__': {'format': 'pt'}}, b''
    for name, (dtype, shape, values) in arrays.items():
        header[name] = {
            'dtype': dtype, 'shape': shape,
            'data_offsets': [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, 'little') + text + data)


def test_npz(tmp_path):
    path = tmp_path / 'weights'  # the name says nothing
    with open(path, 'wb') as file:
        np.savez(file, **{
            '/conv/W': np.arange(3, dtype=np.float16), 'N': np.array(4),
            'name': np.array('text'), 'none': np.array(None)})
    arrays = read_arrays(str(path))
    # None is how Chainer writes what was never initialised
    assert set(arrays) == {'conv/W', 'N'}
    np.testing.assert_array_equal(arrays['conv/W'], [0, 1, 2])


class _Bomb:
    def __reduce__(self):
        return open, ('exploded', 'w')


def test_npz_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez('bomb.npz', W=np.zeros(2), bomb=np.array([_Bomb()]))
    assert set(read_arrays('bomb.npz')) == {'W'}
    assert not (tmp_path / 'exploded').exists()


def test_hdf5(tmp_path):
    with h5py.File(tmp_path / 'a', 'w') as file:
        file['x/y/kernel:0'] = np.arange(6.).reshape(2, 3)
        file['text'] = 'text'
        file.create_group('empty')
    arrays = read_arrays(tmp_path / 'a')
    assert list(arrays) == ['x/y/kernel:0']
    np.testing.assert_array_equal(arrays['x/y/kernel:0'], [[0, 1, 2], [3, 4, 5]])


def test_safetensors(tmp_path):
    path = tmp_path / 'a'
    values = np.array([[1, -2.5], [0.15625, 3]], '<f4')
    _write_safetensors(path, {
        'f32': ('F32', [2, 2], values.tobytes()),
        'f16': ('F16', [4], values.astype('<f2').tobytes()),
        'bf16': ('BF16', [2, 2], (values.view('<u4') >> 16).astype('<u2').tobytes()),
        'i64': ('I64', [], np.int64(5).tobytes()),
        'bool': ('BOOL', [1], b'\1')})
    arrays = read_arrays(path)
    assert set(arrays) == {'f32', 'f16', 'bf16', 'i64'}
    for name in ('f32', 'bf16'):
        np.testing.assert_array_equal(arrays[name], values)
    np.testing.assert_array_equal(arrays['f16'], values.ravel())
    assert arrays['i64'] == 5


@pytest.mark.parametrize('is_legacy', [False, True])
def test_pth_without_torch(tmp_path, monkeypatch, is_legacy):
    path = tmp_path / 'a.pth'
    if is_legacy:
        path.write_bytes(_LEGACY_TORCH)
    else:
        with zipfile.ZipFile(path, 'w') as file:
            file.writestr('archive/data.pkl', b'')
    monkeypatch.setitem(sys.modules, 'torch', None)
    with pytest.raises(ImportError, match='a.pth.*install torch.*safetensors'):
        read_arrays(path)


@pytest.mark.slow
@pytest.mark.parametrize('is_legacy', [False, True])
def test_pth(tmp_path, is_legacy):
    torch = pytest.importorskip('torch')
    path = tmp_path / 'a.pth'
    torch.save(
        {'W': torch.arange(3.).bfloat16(), 'n': torch.tensor(2), 'epoch': 3},
        path, _use_new_zipfile_serialization=not is_legacy)
    arrays = read_arrays(path)
    assert set(arrays) == {'W', 'n'} and arrays['n'] == 2
    np.testing.assert_array_equal(arrays['W'], [0, 1, 2])


def test_hdf5_without_h5py(tmp_path, monkeypatch):
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file['x'] = np.zeros(3)
    monkeypatch.setitem(sys.modules, 'h5py', None)
    with pytest.raises(ImportError, match='a.h5.*install h5py'):
        read_arrays(tmp_path / 'a.h5')


def _write(path, kind):
    array = np.random.default_rng(0).standard_normal(1000)
    if kind == 'npz':
        with open(path, 'wb') as file:
            np.savez(file, W=array)
    elif kind == 'hdf5':
        with h5py.File(path, 'w') as file:
            file['W'] = array
    else:
        _write_safetensors(path, {'W': ('F64', [1000], array.tobytes())})


@pytest.mark.parametrize('kind', ['npz', 'hdf5', 'safetensors'])
@pytest.mark.parametrize('length', [12, 40, 4000])
def test_cut_short(tmp_path, kind, length):
    path = tmp_path / 'cut short'
    _write(path, kind)
    assert read_arrays(path)['W'].shape == (1000,)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(OSError, match='cut short.*damaged'):
        read_arrays(path)


def test_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as file:
        file.writestr('a.txt', 'text')
    with pytest.raises(OSError, match='a.zip.*neither of NumPy nor'):
        read_arrays(tmp_path / 'a.zip')


@pytest.mark.parametrize('content', [b'', b'no weights at all'])
def test_no_weights_file(tmp_path, content):
    (tmp_path / 'a.npz').write_bytes(content)
    with pytest.raises(OSError, match='a.npz is not a weights file'):
        read_arrays(tmp_path / 'a.npz')


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.npz'):
        read_arrays(tmp_path / 'nowhere.npz')


def test_no_array_of_numbers(tmp_path):
    np.savez(tmp_path / 'a.npz', name=np.array('text'))
    with pytest.raises(ValueError, match='a.npz holds no array'):
        read_arrays(tmp_path / 'a.npz')
