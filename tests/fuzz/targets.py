"""Everything that reads bytes from outside, as functions of those bytes.

A target has seeds, which are read without an error, and says which errors may
come out of other bytes. Anything else that is raised is a defect.
"""
import functools
import io
import json
import tempfile
import types
import warnings
from pathlib import Path

from tests.fuzz.app_target import requests, search
from tests.fuzz.dataset_targets import DATASET_TARGETS
from tests.fuzz.target import Target, saved, write
from vasily_fashion.converters.read_arrays import read_arrays
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import EmbeddingStore, FaissIndex, FlatIndex
from vasily_fashion.utils import ImageReadError, load_weights, read_image, save_weights

import numpy as np
from PIL import Image

_DIM = 4


def _image(data, folder):
    # the limit keeps a run fast; what is beyond it is refused by its header
    img = read_image(io.BytesIO(data), max_pixel=100_000)
    assert img.dtype == np.float32 and img.shape[0] == 3
    assert 0 <= img.min() and img.max() <= 255


def _images():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8))
    modes = [image, image.convert('P'), image.convert('L'), image.convert('LA'),
             image.convert('RGBA'), image.convert('CMYK'), image.convert('1'),
             Image.fromarray(rng.integers(0, 65536, (4, 3), np.uint16))]
    files = []
    for kind in 'PNG', 'JPEG', 'GIF', 'WEBP', 'BMP', 'TIFF', 'PPM':
        for image in modes:
            file = io.BytesIO()
            try:
                image.save(file, kind)
            except (OSError, KeyError, ValueError):
                continue  # it has no such mode
            files.append(file.getvalue())
    return files


def _index(data, folder):
    FlatIndex.load(write(data, folder, 'index.npz'))


def _indexes():
    files = []
    for ids in [1, 2, 3], ['a', 'b', 'ü']:
        for metric in 'sqeuclidean', 'cosine':
            index = FlatIndex(_DIM, metric)
            index.add(np.eye(3, _DIM) + 1, ids, [0, 1, -1])
            files.append(saved(index.save))
    return files


_extractor = functools.cache(StyleExtractorBN)


def _weights(data, folder):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of the layers that the file has not
        load_weights(write(data, folder, 'weights.npz'), _extractor(), strict=False)


def _weight_files():
    # a whole one has 7 MB, and every byte of it is alike: one layer
    def save(path):
        np.savez(path, **{'bn1_1/gamma': StyleExtractorBN().bn1_1.gamma.array})
    file = saved(lambda path: save_weights(path, StyleExtractorBN()))
    assert len(file) > 1_000_000
    return [saved(save)]


def _arrays(data, folder):
    read_arrays(write(data, folder, 'weights'))


def _array_files():
    header = json.dumps({'x': {
        'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}).encode()
    return [
        saved(lambda path: np.savez(path, x=np.ones(3))),
        saved(lambda path: np.savez_compressed(path, x=np.ones(3))),
        len(header).to_bytes(8, 'little') + header + np.ones(2, '<f4').tobytes()]


def _faiss(data, folder):
    FaissIndex.load(write(data, folder, 'faiss.npz')).search(np.ones((1, _DIM)), 2)


def _faiss_files():
    files = []
    for ids in (1, 2, 3), ('a', 'b', 'ü'):
        index = FaissIndex(_DIM)
        index.add(np.eye(3, _DIM), ids, [0, 1, -1])
        index.remove(ids[2:])
        files.append(saved(index.save))
    return files


_MAKER = types.SimpleNamespace(fingerprint='0' * 64, dim=_DIM)


def _shard(data, folder):
    (folder / 'shards').mkdir(exist_ok=True)
    write(data, folder / 'shards', 'shard-000000.npz')
    EmbeddingStore(folder / 'shards', _MAKER).read(0)


def _shards():
    with tempfile.TemporaryDirectory() as folder:
        EmbeddingStore(folder, _MAKER).write(
            ['a', 'b', 'ü'], ['1', '2', '3'], np.eye(3, _DIM), [0, 1, -1], ['', 'no image', ''])
        return [Path(folder, 'shard-000000.npz').read_bytes()]


TARGETS = {
    'image': Target(_image, _images, (ImageReadError,), names_file=False),
    'index': Target(_index, _indexes),
    'weights': Target(_weights, _weight_files),
    'arrays': Target(_arrays, _array_files, (OSError, ValueError, ImportError)),
    'faiss': Target(_faiss, _faiss_files, needs=('faiss',)),
    'shard': Target(_shard, _shards),
    'app': Target(search, requests, (), needs=('httpx', 'fastapi_offline')),
    **DATASET_TARGETS,
}
