"""What is killed: things that write files, and go on when they are begun again."""
import dataclasses
import functools
import importlib.util
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from tests.datasets_tests import trees
from tests.training_tests.tiny import TinyStyleExtractor, tiny_items, tiny_snaps, train_tiny
from vasily_fashion.retrieval import FaissIndex, FlatIndex
from vasily_fashion.utils import save_weights

import numpy as np
from chainer.dataset.download import set_dataset_root

_ROOT = Path(__file__).parents[2]
_N_ITERATION = 16
_DIM = 4


@dataclasses.dataclass(frozen=True)
class Work:
    """Something that may be killed.

    Attributes:
        do (callable): Takes a folder; begins, or goes on. Everything that it
            writes is in there.
        content (callable): Takes the folder; what is in it, as a dict of names
            to arrays. Asserts that what is there is whole, at any time.
        prepare (callable): Takes the folder before anything is killed.
    """

    do: Callable
    content: Callable
    prepare: Callable = lambda folder: None


def _train(kind, folder):
    dataset = tiny_snaps() if kind == 'ssd' else tiny_items()
    snapshot = folder / 'snapshot'
    train_tiny(
        kind, folder, _N_ITERATION, dataset, snapshot_interval=1,
        resume=snapshot if snapshot.exists() else None)


def _trained(folder):
    found = {}
    for name in 'model.npz', 'snapshot':
        if (folder / name).exists():
            with np.load(folder / name, allow_pickle=False) as file:
                arrays = dict(file)  # every byte of it is read
            if name == 'model.npz':
                found |= arrays
    if (folder / 'log').exists():
        log = json.loads((folder / 'log').read_text())
        found['losses'] = np.array([line['main/loss'] for line in log])
    return found


def _open(kind, path):
    if kind == 'flat':
        return FlatIndex.load(path) if path.exists() else FlatIndex(_DIM)
    return FaissIndex.load(path) if path.exists() else FaissIndex(_DIM, factory='HNSW8')


def _path(kind, folder):
    return folder / ('index.npz' if kind == 'flat' else 'faiss.npz')


def _add_and_save(kind, folder):
    """A shop that grows by ten products, forty times."""
    index = _open(kind, _path(kind, folder))
    while len(index) < 400:
        n = len(index)
        index.add(np.random.default_rng(n).random((10, _DIM)), np.arange(n, n + 10))
        index.save(_path(kind, folder))


def _indexed(kind, folder):
    index = _open(kind, _path(kind, folder))
    if len(index) == 0:
        return {'ids': index.ids}
    distances, ids = index.search(np.zeros((1, index.dim)), len(index))
    order = np.argsort(ids[0])
    return {'ids': ids[0][order], 'distances': distances[0][order]}


def _save_weights(folder):
    """The weights of a training that does nothing but save."""
    model = TinyStyleExtractor()
    for i in range(60):
        for param in model.params():
            param.array[...] = i
        save_weights(folder / 'model.npz', model)


def _weights(folder):
    if not (folder / 'model.npz').exists():
        return {}
    with np.load(folder / 'model.npz', allow_pickle=False) as file:
        weights = {name: file[name] for name in file.files}
    values = {float(x) for name, array in weights.items()
              if name.endswith(('/W', '/b', 'gamma', 'beta')) for x in array.ravel()}
    assert len(values) == 1, 'weights of two times in one file'
    return weights


def _shop(folder):
    """An index of yesterday's shop, and the photos of today's."""
    for i in range(8):
        trees.write_image(folder / 'shop' / f'{i}.png', seed=i)
    _build('flat', folder)
    if importlib.util.find_spec('faiss'):
        _build('faiss', folder)
    (folder / 'shop' / '0.png').unlink()
    for i, seed in (1, 50), (8, 8), (9, 9), (10, 10), (11, 11):
        trees.write_image(folder / 'shop' / f'{i}.png', (30, 40), seed)


@functools.cache
def script(path):
    """A module out of examples/."""
    sys.path.insert(0, str(_ROOT / 'examples' / Path(path).parent))
    spec = importlib.util.spec_from_file_location(Path(path).stem, _ROOT / 'examples' / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _build(kind, folder):
    assert script('detection_and_retrieval/build_index.py').main([
        str(folder / 'shop'), '--out', str(folder / 'index'), '--index', kind,
        *(['--factory', 'HNSW8'] if kind == 'faiss' else []),
        '--engine', 'chainer', '--shard-size', '2']) == 0


def _compile(folder):
    """The networks as ONNX and as OpenVINO compiled them, in the cache."""
    set_dataset_root(str(folder))
    from vasily_fashion.deploy import compile_link
    from vasily_fashion.links import StyleExtractorBN
    model = StyleExtractorBN(pretrained_model='fashion')
    compile_link(model, 'openvino', 'f32').extract(
        [np.zeros((3, 384, 256), np.float32)])


def _compiled(folder):
    files = [path for path in folder.rglob('*') if path.suffix in ('.onnx', '.xml')]
    return {'files': np.array(sorted(str(path.relative_to(folder)) for path in files))}


WORKS = {
    'ssd': Work(functools.partial(_train, 'ssd'), _trained),
    'style': Work(functools.partial(_train, 'style'), _trained),
    'flat': Work(functools.partial(_add_and_save, 'flat'), functools.partial(_indexed, 'flat')),
    'faiss': Work(functools.partial(_add_and_save, 'faiss'), functools.partial(_indexed, 'faiss')),
    'weights': Work(_save_weights, _weights),
    'build-flat': Work(
        functools.partial(_build, 'flat'),
        lambda folder: _indexed('flat', folder / 'index'), _shop),
    'build-faiss': Work(
        functools.partial(_build, 'faiss'),
        lambda folder: _indexed('faiss', folder / 'index'), _shop),
    'compile': Work(_compile, _compiled),
}


def step(name, which, folder):
    """`do` or `prepare` of a work, from the same chance each time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # tables, and what was added
    random.seed(0)
    np.random.seed(0)
    getattr(WORKS[name], which)(folder)
