"""Entries of the cache: whole, and the user's own, or made anew and refused."""
import os
import shutil

from vasily_fashion.deploy import ModelCache

import chainer.links as L
import pytest


@pytest.fixture
def cache(cache_root):
    cache = ModelCache(L.Linear(2, 3))
    yield cache
    shutil.rmtree(cache.folder)


def _make(folder):
    (folder / 'part').mkdir()
    (folder / 'model.onnx').write_bytes(b'right')
    (folder / 'part' / 'model.bin').write_bytes(b'right too')


def _never(folder):
    raise AssertionError(f'{folder} is made again')


def _damage(kind, entry):
    path = entry / 'model.onnx'
    if kind == 'a byte':
        path.write_bytes(b'righT')
    elif kind == 'empty':
        path.write_bytes(b'')
    elif kind == 'missing':
        path.unlink()
    elif kind == 'deeper':
        (entry / 'part' / 'model.bin').unlink()
    elif kind == 'one more':
        (entry / 'other.bin').write_bytes(b'x')
    elif kind == 'no sums':
        (entry / 'sha256.json').unlink()
    elif kind in ('other sums', 'endless sums'):
        (entry / 'sha256.json').write_text('[' * (1 if kind == 'other sums' else 200_000))
    elif kind == 'a folder for a file':
        path.unlink()
        path.mkdir()
    else:
        shutil.move(entry, entry.parent / 'elsewhere')
        if kind == 'a file':
            entry.write_text('x')
        elif kind == 'a dangling link':
            entry.symlink_to(entry.parent / 'nowhere')
        elif kind == 'a link':
            entry.symlink_to(entry.parent / 'elsewhere')


@pytest.mark.parametrize('kind', [
    'a byte', 'empty', 'missing', 'deeper', 'one more', 'no sums', 'other sums',
    'endless sums', 'a folder for a file', 'a file', 'a dangling link', 'a link', 'gone'])
def test_a_damaged_entry_is_made_anew(kind, cache):
    entry = cache.get('f32', _make)
    assert cache.get('f32', _never) == entry == cache.newest('f*')
    _damage(kind, entry)
    assert cache.newest('f*') is None
    assert cache.get('f32', _make) == entry
    assert (entry / 'model.onnx').read_bytes() == b'right'
    assert (entry / 'part' / 'model.bin').read_bytes() == b'right too'
    assert not entry.is_symlink()
    assert cache.get('f32', _never) == entry


@pytest.mark.parametrize('mode', [0o777, 0o775, 0o1777, 0o702])
def test_a_folder_that_others_can_write_to(mode, cache):
    cache.get('f32', _make)
    for folder in cache.folder, cache.folder.parent, cache.folder / 'f32':
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.chmod(mode)
        for call in lambda: cache.get('f32', _never), lambda: cache.newest('*'):
            with pytest.raises(PermissionError, match=f'{folder}: another user can write'):
                call()
        folder.chmod(0o700)
    cache.get('f32', _never)


@pytest.mark.skipif(os.getuid() != 0, reason='root alone can give a folder away')
def test_a_folder_of_another_user(cache):
    cache.get('f32', _make)
    os.chown(cache.folder, 65534, -1)
    with pytest.raises(PermissionError, match='another user can write to this folder'):
        cache.get('f32', _never)
    os.chown(cache.folder, 0, -1)


def test_made_folders_are_the_users_whatever_the_umask(cache):
    before = os.umask(0)
    try:
        cache.get('f32', _make)
    finally:
        os.umask(before)
    for folder in cache.folder.parent, cache.folder, cache.folder / 'f32':
        assert folder.stat().st_mode & 0o777 == 0o700
