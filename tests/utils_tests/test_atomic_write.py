import os
import stat
import subprocess
import sys

from vasily_fashion.utils import atomic_write

import numpy as np
import pytest


def test_writes_bytes_and_leaves_nothing_else(tmp_path):
    with atomic_write(tmp_path / 'a.npz') as f:
        np.savez(f, x=np.arange(3))
    assert os.listdir(tmp_path) == ['a.npz']
    with np.load(tmp_path / 'a.npz') as npz:
        np.testing.assert_array_equal(npz['x'], [0, 1, 2])


def test_writes_text(tmp_path):
    with atomic_write(tmp_path / 'a.txt', 'w', encoding='utf-8') as f:
        f.write('服')
    assert (tmp_path / 'a.txt').read_text(encoding='utf-8') == '服'


def test_nothing_is_there_before_the_block_ends(tmp_path):
    with atomic_write(tmp_path / 'a') as f:
        f.write(b'half')
        f.flush()
        assert not (tmp_path / 'a').exists()
    assert (tmp_path / 'a').read_bytes() == b'half'


@pytest.mark.parametrize('error', [RuntimeError, KeyboardInterrupt])
def test_an_error_keeps_the_older_file(tmp_path, error):
    (tmp_path / 'a').write_bytes(b'old')
    with pytest.raises(error):
        with atomic_write(tmp_path / 'a') as f:
            f.write(b'new')
            raise error()
    assert os.listdir(tmp_path) == ['a']
    assert (tmp_path / 'a').read_bytes() == b'old'


@pytest.mark.parametrize('name', ['a' * 255, 'ü' * 127, 'b' * 228])
def test_names_as_long_as_file_systems_take(tmp_path, name):
    path = tmp_path / name
    for content in b'older', b'newer':
        with atomic_write(path) as f:
            f.write(content)
    assert path.read_bytes() == b'newer'
    assert list(tmp_path.iterdir()) == [path]


def test_replaces_the_older_file(tmp_path):
    (tmp_path / 'a').write_bytes(b'old and longer')
    with atomic_write(tmp_path / 'a') as f:
        f.write(b'new')
    assert (tmp_path / 'a').read_bytes() == b'new'


@pytest.mark.skipif(os.name == 'nt', reason='no umask on Windows')
def test_the_mode_follows_the_umask(tmp_path):
    old = os.umask(0o022)
    try:
        with atomic_write(tmp_path / 'a'):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / 'a').stat().st_mode) == 0o644


@pytest.mark.skipif(os.name == 'nt', reason='links need a privilege there')
def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'real' / 'a').write_bytes(b'old')
    (tmp_path / 'link').symlink_to(tmp_path / 'real' / 'a')
    with atomic_write(tmp_path / 'link') as f:
        f.write(b'new')
    assert (tmp_path / 'link').is_symlink()
    assert (tmp_path / 'real' / 'a').read_bytes() == b'new'


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder .*nowhere'):
        with atomic_write(tmp_path / 'nowhere' / 'a'):
            pass


def test_folder_as_the_target(tmp_path):
    with pytest.raises(FileExistsError, match='name a file to write'):
        with atomic_write(tmp_path):
            pass


@pytest.mark.skipif(os.name == 'nt', reason='no device files there')
def test_device_as_the_target():
    with pytest.raises(FileExistsError, match='device'):
        with atomic_write('/dev/null'):
            pass
    assert not os.path.isfile('/dev/null')


@pytest.mark.parametrize('mode', ['r', 'a', 'rb+', 'xb'])
def test_other_modes_are_refused(tmp_path, mode):
    with pytest.raises(ValueError, match='mode'):
        with atomic_write(tmp_path / 'a', mode):
            pass


_WRITER = """
import sys, time
from vasily_fashion.utils.atomic_write import atomic_write
with atomic_write(sys.argv[1]) as f:
    f.write(b'half')
    f.flush()
    print('writing', flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is in the middle of writing a."""
    process = subprocess.Popen(
        [sys.executable, '-c', _WRITER, tmp_path / 'a'], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b'writing\n'
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == 'nt', reason='nothing is locked there')
def test_what_a_killed_writer_left_is_removed(tmp_path, writer):
    writer.kill()
    writer.wait()
    (tmp_path / '.b.0123456789abcdef.tmp').write_bytes(b'of another file')
    left = set(os.listdir(tmp_path))
    assert len(left) == 2
    with atomic_write(tmp_path / 'a') as f:
        f.write(b'whole')
    assert set(os.listdir(tmp_path)) == {'a', '.b.0123456789abcdef.tmp'}
    assert (tmp_path / 'a').read_bytes() == b'whole'


@pytest.mark.skipif(os.name == 'nt', reason='nothing is locked there')
def test_what_is_being_written_stays(tmp_path, writer):
    [temporary] = os.listdir(tmp_path)
    with atomic_write(tmp_path / 'a') as f:
        f.write(b'whole')
    assert set(os.listdir(tmp_path)) == {'a', temporary}
    assert (tmp_path / temporary).read_bytes() == b'half'
