import dataclasses
import importlib.util
import os
import pathlib
import subprocess
import sys

from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.retrieval import RetrievedItem

import numpy as np
import pytest
from PIL import Image

_DEMO = (pathlib.Path(__file__).parents[2] / 'examples'
         / 'detection_and_retrieval' / 'demo.py')
_COLOURS = np.array(
    [[250, 0, 0], [0, 250, 0], [0, 0, 250], [240, 240, 0]], dtype=np.float32)


class _ColourDetector:

    """Finds the rectangles of _COLOURS: a detector that needs no training."""

    score_thresh = None

    def __init__(self, pretrained_model):
        pass

    def predict(self, imgs):
        bboxes, labels, scores = [], [], []
        for img in imgs:
            found = []
            for i, colour in enumerate(_COLOURS):
                y, x = np.nonzero((img == colour[:, None, None]).all(axis=0))
                score = 0.9 - 0.1 * i
                if len(y) and score >= self.score_thresh:
                    found.append((
                        [y.min(), x.min(), y.max() + 1, x.max() + 1], i,
                        score))
            bboxes.append(np.array(
                [x[0] for x in found], np.float32).reshape(-1, 4))
            labels.append(np.array([x[1] for x in found], np.int32))
            scores.append(np.array([x[2] for x in found], np.float32))
        return bboxes, labels, scores


class _ColourExtractor:

    """The mean colour."""

    def __init__(self, pretrained_model):
        pass

    def extract(self, imgs):
        return np.stack([img.mean(axis=(1, 2)) for img in imgs]) / 255


def _no_engine(link, engine):
    """compile_if_installed where no engine is installed."""
    if engine not in ('auto', 'chainer'):
        raise ImportError(f'{engine} is not installed')
    return link, 'Chainer'


@pytest.fixture(scope='module')
def demo():
    spec = importlib.util.spec_from_file_location('demo', _DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small(demo, monkeypatch, tmp_path):
    """The demo with quick networks, started in an empty folder."""
    monkeypatch.setattr(demo, 'FashionSSD300', _ColourDetector)
    monkeypatch.setattr(demo, 'StyleExtractorBN', _ColourExtractor)
    monkeypatch.setattr(demo, 'compile_if_installed', _no_engine)
    monkeypatch.chdir(tmp_path)
    return demo


def _save(path, colours, size=(60, 40)):
    """Rectangles of colours on black, one below the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    img = np.zeros(size + (3,), dtype=np.uint8)
    for i, c in enumerate(colours):
        img[5 + 15 * i:15 + 15 * i, 5:30] = _COLOURS[c]
    Image.fromarray(img).save(path)


def _save_shop(folder):
    for i, colour in enumerate(_COLOURS):
        path = folder / ('deep/er' if i == 2 else '') / f'{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (8, 8), tuple(int(x) for x in colour)).save(path)


def _assert_sheet(path):
    with Image.open(path) as image:
        image.load()
        assert min(image.size) > 300
        assert len(image.convert('RGB').getcolors(10 ** 7)) > 10


def test_own_photos_and_gallery(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [2, 0])
    _save(tmp_path / 'b $x$ 服.png', [])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'shop' / 'notes.txt').write_text('not an image')
    assert small.main([
        '--photo', 'a.png', 'b $x$ 服.png', '--gallery', 'shop', '--k', '2',
        '--out', 'new/sheet.png']) == 0
    out, err = capsys.readouterr()
    assert err == ''
    lines = out.splitlines()
    assert lines[0] == (
        'Finding the items of 2 photos in the 4 images in shop.')
    assert lines[1] == (
        'The networks are computed by Chainer.')
    assert lines[2].split()[:3] == ['snap', 'item', 'score']
    a, b = lines[3].split(), lines[4].split()
    assert a[:3] == ['a.png', 'bag', '0.90'] and '0.png' in a
    assert a[3:7] == ['20', '5', '30', '30']
    assert b[:2] == ['footwear', '0.70']
    assert b[6:8] == [os.path.join('deep', 'er', '2.png'), '(0.000)']
    assert len(b) == 10  # two neighbours
    assert lines[5].split('  ')[:2] == ['b $x$ 服.png', 'no item found']
    assert lines[6] == 'The sheet is new/sheet.png'
    assert lines[7:] == ['Not read: 1 .txt']
    assert os.listdir('new') == ['sheet.png']
    _assert_sheet('new/sheet.png')


def test_without_a_terminal_there_is_no_bar(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0])
    _save_shop(tmp_path / 'shop')
    small.main(['--photo', 'a.png', '--gallery', 'shop'])
    assert capsys.readouterr().err == ''
    assert os.path.exists('output/retrieval.png')


def test_synthetic_snaps_and_shop(small, capsys):
    assert small.main(['--n-snap', '2', '--n-item', '12', '--seed', '3']) == 0
    out = capsys.readouterr().out
    assert ('Finding the items of 2 synthetic snaps in a synthetic shop of '
            '12 product images.') in out
    assert 'items that the snaps show, 0 were detected' in out
    _assert_sheet('output/retrieval.png')


def test_truth_of_a_synthetic_world(demo, capsys):
    world = SyntheticFashionDataset(2, seed=3, n_item=12)
    truth = SyntheticItemDataset(world)
    n = len(truth)
    results = [[], []]
    for snap, bbox, category, item_id in zip(
            truth.snap_indices, truth.bboxes, truth.categories,
            truth.item_ids, strict=True):
        results[snap].append(RetrievedItem(
            bbox, int(category), 1., np.zeros(1), np.array([item_id])))
    demo._print_truth(world, results, 1)
    assert capsys.readouterr().out.startswith(
        f'Of {n} items that the snaps show, {n} were detected; of these {n} ')
    # one with another product image, one of another category, one elsewhere
    for i, change in enumerate([
            dict(ids=np.array([99])), dict(category=99),
            dict(bbox=np.array([0, 0, 1, 1], np.float32))]):
        results[1][i] = dataclasses.replace(results[1][i], **change)
    demo._print_truth(world, results, 1)
    assert capsys.readouterr().out.startswith(
        f'Of {n} items that the snaps show, {n - 2} were detected; of these '
        f'{n - 3} ')


def test_own_photos_in_the_synthetic_shop(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0, 1])
    assert small.main([
        '--photo', 'a.png', '--n-item', '12', '--category', 'same']) == 0
    out = capsys.readouterr().out
    # one bag among the twelve
    row, = [line for line in out.splitlines() if ' bag ' in line]
    assert row.count('(') == 1
    assert 'items that the snaps show' not in out


def test_many_snaps_make_several_sheets(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0])
    _save_shop(tmp_path / 'shop')
    assert small.main(['--photo', *['a.png'] * 7, '--gallery', 'shop']) == 0
    assert sorted(os.listdir('output')) == [
        'retrieval-2.png', 'retrieval.png']
    assert capsys.readouterr().out.count('The sheet is') == 2


def test_score_thresh(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0, 1, 3])
    _save_shop(tmp_path / 'shop')
    assert small.main(['--photo', 'a.png', '--gallery', 'shop',
                       '--score-thresh', '0.75']) == 0
    out = capsys.readouterr().out
    assert 'bag' in out and 'belt' in out and 'outer' not in out


def test_unreadable_product_images_are_named_and_skipped(
        small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [1])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'shop' / '1.png').write_bytes(b'broken')
    (tmp_path / 'shop' / '._0.png').write_bytes(b'hidden')
    assert small.main(['--photo', 'a.png', '--gallery', 'shop']) == 0
    out, err = capsys.readouterr()
    assert err.count('skipped: ') == 1 and '1.png' in err
    row = out.splitlines()[3]
    assert '1.png' not in row and row.count('.png') == 4
    _assert_sheet('output/retrieval.png')


def _bad_cases():
    yield ['--photo', 'missing.jpg'], 'missing.jpg: there is no such file'
    yield ['--photo', 'good.png', 'broken.jpg'], 'broken.jpg: '
    yield ['--photo', 'shop'], 'shop: this is a folder'
    yield ['--gallery', 'nowhere'], '--gallery nowhere: there is no such'
    yield ['--gallery', 'good.png'], '--gallery good.png: there is no such'
    yield ['--gallery', 'empty'], '--gallery empty: there are no images'
    yield ['--gallery', 'bad'], 'none of the 1 images in bad can be read'
    yield ['--out', 'sheet.doc'], '--out sheet.doc: name a file that ends in'
    yield ['--out', 'folder.png'], '--out folder.png: this is a folder'
    yield ['--out', 'good.png/x.png'], 'good.png'
    yield ['--n-item', '3'], 'n_item must be 12 or more'
    yield ['--seed', '-1'], 'seed must be 0 or more'
    yield ['--gpu', '99'], '--gpu 99: '
    yield ['--engine', 'openvino'], 'openvino is not installed'


@pytest.mark.parametrize('argv, message', list(_bad_cases()))
def test_bad_input(small, tmp_path, capsys, monkeypatch, argv, message):
    monkeypatch.setattr(small, 'gpu_available', lambda: False)
    _save(tmp_path / 'good.png', [0])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'broken.jpg').write_bytes(b'\xff\xd8\xff')
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'bad').mkdir()
    (tmp_path / 'bad' / 'a.jpg').write_bytes(b'')
    (tmp_path / 'folder.png').mkdir()
    defaults = [] if '--photo' in argv else ['--photo', 'good.png']
    if '--gallery' not in argv and argv[0] not in ('--n-item', '--seed'):
        defaults += ['--gallery', 'shop']
    assert small.main(argv + defaults) == 2
    out, err = capsys.readouterr()
    last = err.splitlines()[-1]
    assert last.startswith('demo.py: error: ') and message in last
    assert 'The sheet is' not in out
    assert not [x for x in tmp_path.rglob('*') if x.name.endswith('.tmp')]
    assert not (tmp_path / 'output' / 'retrieval.png').exists()


@pytest.mark.parametrize('argv, message', [
    (['--k', '0'], 'argument --k: 0 is not 1 or more'),
    (['--k', 'x'], 'argument --k'),
    (['--score-thresh', '2'], '--score-thresh 2.0'),
    (['--score-thresh', 'nan'], '--score-thresh nan'),
    (['--category', 'kimono'], '--category kimono'),
    (['--engine', 'torch'], '--engine'),
    (['--engine', 'openvino', '--gpu', '0'], '--engine openvino: with --gpu'),
    (['--photo'], '--photo'),
    (['--unknown'], '--unknown'),
])
def test_bad_arguments(small, capsys, argv, message):
    with pytest.raises(SystemExit) as e:
        small.main(argv)
    assert e.value.code == 2
    assert message in capsys.readouterr().err


def test_failed_drawing_leaves_no_file(small, tmp_path, monkeypatch, capsys):
    _save(tmp_path / 'a.png', [0])
    _save_shop(tmp_path / 'shop')

    class Fails:
        def savefig(self, f, **kwargs):
            f.write(b'half')
            raise OSError('disk full')

    monkeypatch.setattr(
        small, 'vis_retrieval_sheet', lambda *args, **kwargs: Fails())
    assert small.main(['--photo', 'a.png', '--gallery', 'shop']) == 2
    assert 'disk full' in capsys.readouterr().err
    assert os.listdir('output') == []


@pytest.mark.parametrize('option', ['--detector-weights',
                                    '--extractor-weights'])
def test_weights_of_another_network(
        demo, monkeypatch, tmp_path, capsys, option):
    monkeypatch.chdir(tmp_path)
    if option == '--extractor-weights':
        monkeypatch.setattr(demo, 'FashionSSD300', _ColourDetector)
    np.savez('other.npz', fc=np.zeros(3))
    assert demo.main([option, 'other.npz', '--n-item', '12']) == 2
    err = capsys.readouterr().err
    assert 'demo.py: error: other.npz' in err and 'another network' in err


def test_as_a_script(tmp_path):
    done = subprocess.run(
        [sys.executable, _DEMO, '--photo', 'missing.jpg'], cwd=tmp_path,
        capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': str(_DEMO.parents[2])})
    assert done.returncode == 2
    assert done.stderr == (
        'demo.py: error: missing.jpg: there is no such file; check the '
        'path\n')


@pytest.mark.slow
def test_with_the_shipped_weights(demo, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert demo.main(['--n-snap', '2', '--n-item', '24']) == 0
    out, err = capsys.readouterr()
    assert err == ''
    assert 'no item found' not in out
    _assert_sheet('output/retrieval.png')
