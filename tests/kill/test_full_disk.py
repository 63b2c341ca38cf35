"""A disk that is full, or may only be read: what was there stays, nothing is left."""
import os
import subprocess

from tests.kill.works import script
from tests.training_tests.tiny import TinyStyleExtractor, tiny_items, train_tiny
from vasily_fashion.retrieval import EmbeddingStore, FaissIndex, FlatIndex
from vasily_fashion.utils import atomic_write

import numpy as np
import pytest
from PIL import Image

_SIZE = 256 * 1024


def _mount(*argv):
    return subprocess.run(
        ['mount', '-t', 'tmpfs', *argv], capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path):
    """A file system of its own, of 256 KB."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    try:
        mounted = _mount('-o', f'size={_SIZE}', 'tmpfs', folder)
    except FileNotFoundError:
        pytest.skip('there is no mount')
    if mounted.returncode:
        pytest.skip(f'tmpfs cannot be mounted: {mounted.stderr.strip()}')
    yield folder
    subprocess.run(['umount', folder], check=True)


def _remount(disk, option):
    assert _mount('-o', f'remount,{option}', 'tmpfs', disk).returncode == 0


@pytest.fixture(params=['full', 'read-only'])
def spoil(request, disk):
    """Takes away the room, or the right to write."""
    def fill():
        if request.param == 'read-only':
            _remount(disk, 'ro')
            return
        with open(disk / 'filler', 'wb') as file:
            left = os.statvfs(disk)
            file.write(bytes(left.f_bavail * left.f_bsize - 4096))

    def mend():
        if request.param == 'read-only':
            _remount(disk, 'rw')
        else:
            (disk / 'filler').unlink()

    fill.mend = mend
    return fill


def _names(disk):
    return {path.name for path in disk.rglob('*')} - {'filler'}


def test_a_file(disk, spoil):
    with atomic_write(disk / 'a') as file:
        file.write(b'old')
    spoil()
    with pytest.raises(OSError, match=r'/\.?a\b') as error:
        with atomic_write(disk / 'a') as file:
            file.write(bytes(100_000))
    assert 'make room' in str(error.value) or 'Read-only' in str(error.value)
    assert (disk / 'a').read_bytes() == b'old' and _names(disk) == {'a'}


@pytest.mark.parametrize('kind', ['flat', 'faiss'])
def test_an_index(disk, spoil, kind):
    if kind == 'faiss':
        pytest.importorskip('faiss')
    make = FlatIndex if kind == 'flat' else FaissIndex
    index = make(32)
    index.add(np.eye(32), np.arange(32))
    index.save(disk / 'index')
    names = _names(disk)
    index.add(np.random.default_rng(0).random((500, 32)), np.arange(32, 532))
    spoil()
    with pytest.raises(OSError, match=rf'{disk}/\.?index'):
        index.save(disk / 'index')
    assert _names(disk) >= names
    assert len(make.load(disk / 'index')) == 32
    spoil.mend()
    index.save(disk / 'index')
    assert len(_names(disk)) == len(names)
    assert len(make.load(disk / 'index')) == 532


def test_a_shard(disk, spoil):
    store = EmbeddingStore(disk / 'e', TinyStyleExtractor())
    spoil()
    with pytest.raises(OSError, match='shard-000000'):
        store.write(['a'] * 500, [''] * 500, np.zeros((500, 32)), [0] * 500, [''] * 500)
    assert store.n_shard == 0 and _names(disk) == {'e'}


def test_a_training_goes_on_when_there_is_room(disk, spoil, tmp_path):
    dataset = tiny_items()
    whole = train_tiny('style', tmp_path / 'whole', 6, dataset, lr_steps=())
    train_tiny('style', disk / 'out', 3, dataset, lr_steps=())
    snapshot = disk / 'out' / 'snapshot'
    before = (disk / 'out' / 'model.npz').read_bytes()
    spoil()
    with pytest.raises(OSError, match='/out/'):
        train_tiny('style', disk / 'out', 6, dataset, lr_steps=(), resume=snapshot)
    assert (disk / 'out' / 'model.npz').read_bytes() == before
    assert _names(disk) == {'out', 'log', 'model.npz', 'snapshot'}
    spoil.mend()
    resumed = train_tiny('style', disk / 'out', 6, dataset, lr_steps=(), resume=snapshot)
    for a, b in zip(whole[0].params(), resumed[0].params(), strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-5, atol=1e-7)


def test_build_index(disk, spoil, tmp_path, capsys):
    for i in range(3):
        Image.new('RGB', (9, 9), (i, 90, 9)).save(tmp_path / f'{i}.png')
    spoil()
    with pytest.raises(SystemExit):
        script('detection_and_retrieval/build_index.py').main([
            str(tmp_path), '--out', str(disk / 'out'), '--engine', 'chainer'])
    assert str(disk / 'out') in capsys.readouterr().err
    assert not [name for name in _names(disk) if name.endswith('.tmp')]
