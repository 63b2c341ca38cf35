import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
_FOLDER = pathlib.Path(__file__).parents[2] / 'examples' / 'benchmark'


def _run(script, *argv):
    return subprocess.run(
        [sys.executable, _FOLDER / script, *map(str, argv)],
        capture_output=True, text=True)


def test_search_and_its_picture(tmp_path):
    pytest.importorskip('faiss')
    search, png = tmp_path / 'search.json', tmp_path / 'search.png'
    result = _run('search.py', '--n', 500, 900, '--factory', 'HNSW8',
                  '--n-thread', 1, '--repeat', 1, '--json', search)
    assert result.returncode == 0, result.stderr
    content = json.loads(search.read_text())
    assert content['n_thread'] == 1
    sizes = content['sizes']
    assert set(sizes) == {'500', '900'}
    for n, of in sizes.items():
        found = of['faiss']['HNSW8']
        # 128 floats, and links: at least 8 a node, of 4 bytes
        assert 512 + 32 < found['bytes'] < 1024, n
        assert found['curve'][0]['setting'] == 32
        assert found['curve'][0]['recall'] > .9 < found['filtered_recall']
        assert set(of['exact']['64']) == {
            'faiss.IndexFlatL2', 'NumPy', 'NumPy, exact', 'FlatIndex',
            "FaissIndex, 'Flat'"}
    result = _run('plot_search.py', search, png)
    assert result.returncode == 0, result.stderr
    with Image.open(png) as img:
        assert img.width > 1000 and np.ptp(np.asarray(img.convert('L'))) > 200
    result = _run('plot_search.py', search, png, '--n', 7)
    assert result.returncode == 2 and '[500, 900]' in result.stderr


def test_build(tmp_path):
    path = tmp_path / 'build.json'
    result = _run('build.py', '--n', 2, '--repeat', 1, '--engine', 'chainer',
                  '--json', path)
    assert result.returncode == 0, result.stderr
    built = json.loads(path.read_text())
    assert built['n'] == 2
    seconds = built['seconds']
    assert list(seconds) == ['read', 'embed', 'add', 'together']
    assert seconds['add'] < seconds['embed']
    assert '1.00 of the slowest stage' in result.stdout
