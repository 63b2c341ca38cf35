import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import time

from tests.datasets_tests import trees
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import FaissIndex, FlatIndex, MilvusIndex
from vasily_fashion.utils import save_weights

import numpy as np
import pytest
from chainer.dataset import download

_SCRIPT = (pathlib.Path(__file__).parents[2] / 'examples'
           / 'detection_and_retrieval' / 'build_index.py')


def _main(*argv):
    spec = importlib.util.spec_from_file_location('build_index', _SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main([str(x) for x in argv])


@pytest.fixture
def shop(tmp_path):
    for i in range(4):
        trees.write_image(tmp_path / 'shop' / f'{i}.jpg', seed=i)
    return tmp_path / 'shop'


def test_every_index(shop, tmp_path, capsys):
    pytest.importorskip('faiss')
    pytest.importorskip('milvus_lite')
    (shop / '1.jpg').write_text('<html>')
    out = tmp_path / 'out'
    for kind in 'flat', 'faiss', 'milvus':
        assert _main(shop, '--out', out, '--index', kind, '--engine',
                     'chainer', '--shard-size', 2) == 0
        text = capsys.readouterr().out
        assert '3 added, 0 removed, 3 in the index' in text
        assert 'Images that cannot be read: 1' in text and '1.jpg' in text
        assert 'of the 10 nearest' not in text  # all are exact
    assert '1.jpg' in (out / 'unreadable.txt').read_text()
    flat, faiss = FlatIndex.load(out / 'index.npz'), FaissIndex.load(out / 'faiss.npz')
    milvus = MilvusIndex.load(out / 'milvus.db')
    query = flat._embeddings.values[:1]
    expected = flat.search(query, 3)
    for index in faiss, milvus:
        distances, ids = index.search(query, 3)
        np.testing.assert_allclose(distances, expected[0], rtol=1e-4, atol=1e-5)
        assert ids.tolist() == expected[1].tolist()
    milvus.close()
    (shop / '0.jpg').unlink()
    _main(shop, '--out', out, '--engine', 'chainer')
    assert '0 added, 1 removed, 2 in the' in capsys.readouterr().out
    weights = tmp_path / 'other.npz'
    save_weights(weights, StyleExtractorBN())
    with pytest.raises(SystemExit):
        _main(shop, '--out', out, '--engine', 'chainer', '--weights', weights)
    assert 'by an extractor of weights' in capsys.readouterr().err


@pytest.mark.slow
def test_milvus_again_in_processes_of_their_own(shop, tmp_path):
    pytest.importorskip('milvus_lite')

    def build():
        done = subprocess.run(
            [sys.executable, _SCRIPT, shop, '--out', tmp_path / 'out', '--index', 'milvus',
             '--engine', 'chainer'], capture_output=True, text=True,
            env={**os.environ, 'PYTHONPATH': str(_SCRIPT.parents[2])})
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert '4 added, 0 removed' in build()
    assert '0 added, 0 removed' in build()
    (shop / '0.jpg').rename(shop / "women's 0.jpg")
    assert '1 added, 1 removed, 4 in the' in build()
    (shop / "women's 0.jpg").unlink()
    assert '0 added, 1 removed, 3 in the' in build()
    index = MilvusIndex.load(tmp_path / 'out' / 'milvus.db')
    assert sorted(index.ids.tolist()) == ['1', '2', '3']
    index.close()


def test_a_csv_where_the_folder_belongs(tmp_path, capsys):
    with pytest.raises(SystemExit):
        _main(tmp_path / 'products.csv', '--out', tmp_path / 'out')
    assert 'give the folder of the photos, and this as --images' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        _main(tmp_path, '--detector-weights', 'x.npz', '--out', tmp_path / 'out')
    assert '--detector-weights is for --detect' in capsys.readouterr().err



def test_nothing_to_index(tmp_path, capsys):
    (tmp_path / 'shop').mkdir()
    with pytest.raises(SystemExit):
        _main(tmp_path / 'shop', '--out', tmp_path / 'out')
    assert 'has no image' in capsys.readouterr().err


@pytest.mark.slow
def test_several_workers(shop, tmp_path, capsys):
    pytest.importorskip('distributed')
    out = tmp_path / 'out'
    argv = [shop, '--engine', 'chainer']
    assert _main(*argv, '--out', out, '--n-worker', 2) == 0
    assert len(list((out / 'embeddings').glob('shard-*.npz'))) == 2
    assert '4 added' in capsys.readouterr().out
    (shop / '0.jpg').unlink()
    trees.write_image(shop / 'new.jpg', seed=9)
    # what several began, one may finish
    assert _main(*argv, '--out', out) == 0
    assert '1 added, 1 removed, 4 in the' in capsys.readouterr().out
    _main(*argv, '--out', tmp_path / 'one')
    index, whole = (FlatIndex.load(x / 'index.npz')
                    for x in (out, tmp_path / 'one'))
    assert sorted(index.ids) == sorted(whole.ids)
    for i, embedding in zip(whole.ids, whole._embeddings.values, strict=True):
        found = index.search(embedding[None], 1)[1]
        assert found.tolist() == [[i]]


@pytest.mark.slow
def test_images_go_while_workers_embed(shop, tmp_path, capsys, monkeypatch):
    pytest.importorskip('distributed')
    from vasily_fashion.retrieval import embed_in_parallel

    def find_new(*args):
        found = real(*args)
        for i in '012':  # those of the first shard, and one of the second
            (shop / f'{i}.jpg').unlink()
        return found

    real = embed_in_parallel.__globals__['find_new']
    monkeypatch.setitem(embed_in_parallel.__globals__, 'find_new', find_new)
    argv = [shop, '--engine', 'chainer', '--out', tmp_path / 'out']
    assert _main(*argv, '--n-worker', 2) == 0
    assert '1 added' in capsys.readouterr().out


@pytest.mark.slow
def test_kill(shop, tmp_path):
    """Killed after each shard, and run to the end: as if never stopped."""
    for i in range(4, 8):
        trees.write_image(shop / f'{i}.jpg', seed=i)

    def command(out):
        return [sys.executable, str(_SCRIPT), str(shop), '--out', str(out),
                '--engine', 'chainer', '--shard-size', '2']

    env = {**os.environ, 'PYTHONPATH': str(_SCRIPT.parents[2])}
    out = tmp_path / 'out'
    for n in range(1, 4):
        process = subprocess.Popen(command(out), env=env)
        while process.poll() is None and len(
                list(out.glob('embeddings/shard-*'))) < n:
            time.sleep(.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for folder in out, tmp_path / 'whole':
        subprocess.run(command(folder), env=env, check=True)
    index, whole = (FlatIndex.load(x / 'index.npz')
                    for x in (out, tmp_path / 'whole'))
    assert sorted(index.ids) == sorted(whole.ids) and len(index) == 8
    order, order_whole = np.argsort(index.ids), np.argsort(whole.ids)
    np.testing.assert_allclose(
        index._embeddings.values[order], whole._embeddings.values[order_whole], rtol=1e-4,
        atol=1e-5)


@pytest.mark.slow
def test_int8_is_calibrated_with_the_catalogue(shop, tmp_path, monkeypatch):
    pytest.importorskip('openvino')
    pytest.importorskip('nncf')
    monkeypatch.setattr(download, '_dataset_root', str(tmp_path / 'cache'))
    indexes = []
    for precision in 'f32', 'int8':
        out = tmp_path / precision
        _main(shop, '--out', out, '--engine', 'openvino', '--precision', precision)
        indexes.append(FlatIndex.load(out / 'index.npz')._embeddings.values)
    f32, int8 = indexes
    assert not np.array_equal(f32, int8)
    # int8 moves an embedding by less than a fifth of the way to another photo's
    assert ((f32 - int8) ** 2).sum(axis=1).max() < .2 * ((f32 - f32[::-1]) ** 2).sum(axis=1).min()
