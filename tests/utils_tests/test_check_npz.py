import io
import struct
import zipfile

from vasily_fashion.converters.read_arrays import read_arrays
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.links.style_extractor.start_from_vgg16 import start_from_vgg16
from vasily_fashion.retrieval import FlatIndex
from vasily_fashion.utils import check_npz, load_weights, save_weights

import numpy as np
import pytest


def _archive(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def _array(shape, dtype='<f4', content=b''):
    """An array that claims a shape, whatever it has."""
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b' ' * (63 - (len(head) + 10) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head + content


#: Each of a few kilobytes.
HOSTILE = {
    'a bomb': {'x.npy': _array((50_000_000,), content=bytes(200_000_000))},
    'a claim': {'x.npy': _array((10 ** 6, 10 ** 6))},
    'a claim that overflows': {'x.npy': _array((2 ** 62, 2 ** 62))},
    'a negative shape': {'x.npy': _array((-1, 4))},
    'many arrays': {f'{i}.npy': _array((2500,), content=bytes(10000)) for i in range(9999)},
}


@pytest.mark.parametrize('what', HOSTILE)
def test_hostile_archives(what, tmp_path):
    file = _archive(HOSTILE[what])
    with pytest.raises(ValueError, match='claim|take'):
        check_npz(file, 50_000_000)
    # and whatever reads an .npz refuses it, by name
    (tmp_path / 'x.npz').write_bytes(file.getvalue())
    path = tmp_path / 'x.npz'
    with pytest.raises((OSError, ValueError), match='x.npz'):
        load_weights(path, StyleExtractorBN())
    with pytest.raises(ValueError, match='x.npz'):
        FlatIndex.load(path)
    if what.startswith('a claim') or what.startswith('a neg'):
        with pytest.raises(OSError, match='x.npz'):
            read_arrays(path)
        with pytest.raises((OSError, ValueError), match='x.npz'):
            start_from_vgg16(StyleExtractorBN(), path)


def test_no_memory_is_spent(tmp_path):
    import tracemalloc

    (tmp_path / 'x.npz').write_bytes(_archive(HOSTILE['a bomb']).getvalue())
    tracemalloc.start()
    with pytest.raises(ValueError):
        FlatIndex.load(tmp_path / 'x.npz')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_pickled_objects_are_not_loaded(tmp_path):
    np.savez(tmp_path / 'x.npz', x=np.array([{'a': 1}], dtype=object))
    with pytest.raises((OSError, ValueError), match='x.npz'):
        load_weights(tmp_path / 'x.npz', StyleExtractorBN())
    with pytest.raises(ValueError, match='x.npz'):
        FlatIndex.load(tmp_path / 'x.npz')


def test_honest_archives(tmp_path):
    for save in np.savez, np.savez_compressed:
        file = io.BytesIO()
        save(file, x=np.zeros((3, 4)), name='text', n=np.int64(3))
        check_npz(file, 10_000)
        assert file.tell() == 0
        with pytest.raises(ValueError, match='take .* 100 are allowed'):
            check_npz(file, 100)
    link = StyleExtractorBN()
    save_weights(tmp_path / 'w.npz', link)
    load_weights(tmp_path / 'w.npz', link)
