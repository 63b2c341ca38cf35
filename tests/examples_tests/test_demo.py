import importlib.util
import os
import pathlib

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.utils import gpu_available

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
    label_names = FASHION_CATEGORIES

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

    dim, fingerprint = 3, 'colour'

    def __init__(self, pretrained_model):
        pass

    def extract(self, imgs):
        return np.stack([img.mean(axis=(1, 2)) for img in imgs]) / 255


def _no_engine(link, engine, gpu, **_):
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


def _fails(demo, argv, capsys):
    with pytest.raises(SystemExit) as e:
        demo.main(argv)
    assert e.value.code == 2
    out, err = capsys.readouterr()
    assert 'The sheet is' not in out
    return err.splitlines()[-1]


def test_own_photos_and_gallery(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [2, 0])
    _save(tmp_path / 'b $x$ 服.png', [])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'shop' / 'notes.txt').write_text('not an image')
    small.main([
        '--photo', 'a.png', 'b $x$ 服.png', '--gallery', 'shop', '--k', '2',
        '--out', 'new/sheet.png'])
    out, err = capsys.readouterr()
    assert err == ''
    lines = out.splitlines()
    assert lines[0] == 'Snaps: 2, product images: 4, computed by Chainer'
    assert lines[1] == 'snap a.png:'
    assert lines[2].split()[:2] == ['bag', '0.90']
    row = lines[3].split()
    assert row[:3] == ['footwear', '0.70', os.path.join('deep', 'er', '2')]
    assert len(row) == 6  # two neighbours; the crop has some of the black around
    nearest, second = (float(row[i].strip('()')) for i in (3, 5))
    assert 0 < nearest < second
    assert lines[4:] == ['snap b $x$ 服.png: no item found',
                         'The sheet is new/sheet.png']
    assert os.listdir('new') == ['sheet.png']
    _assert_sheet('new/sheet.png')


def test_gallery_of_a_csv(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'shop' / 'products.csv').write_text(
        'path,id,category\n0.png,red one,bag\n1.png,green one,belt\n')
    small.main(['--photo', 'a.png', '--gallery', 'shop/products.csv'])
    row, = [line for line in capsys.readouterr().out.splitlines() if ' bag ' in line]
    # the other is a belt
    assert row.split()[:4] == ['bag', '0.90', 'red', 'one'] and 'green' not in row


def test_a_shop_without_its_category(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0, 2])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'shop' / 'products.csv').write_text('path,id,category\n0.png,red,bag\n')
    argv = ['--photo', 'a.png', '--gallery', 'shop/products.csv']
    small.main(argv)
    lines = capsys.readouterr().out.splitlines()
    at = [line.split()[0] for line in lines].index('footwear')
    assert lines[at + 1].strip() == 'of all products: the shop has none of its category'
    assert sum('of all products' in line for line in lines) == 1
    small.main([*argv, '--category', 'any'])
    assert 'of all products' not in capsys.readouterr().out


def test_synthetic_snaps_and_shop(small, capsys):
    small.main(['--n-snap', '2', '--n-item', '12', '--seed', '3'])
    out, err = capsys.readouterr()
    assert err == ''
    assert out.startswith('Snaps: 2, product images: 12, computed by Chainer\n')
    assert 'items that the snaps show, 0 were detected' in out
    _assert_sheet('output/retrieval.png')


def test_own_photos_in_the_synthetic_shop(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0, 1])
    small.main(['--photo', 'a.png', '--n-item', '12', '--category', 'same'])
    out = capsys.readouterr().out
    # one bag among the twelve
    row, = [line for line in out.splitlines() if ' bag ' in line]
    assert row.count('(') == 1
    assert 'items that the snaps show' not in out


def test_many_snaps_make_several_sheets(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0])
    _save_shop(tmp_path / 'shop')
    small.main(['--photo', *['a.png'] * 7, '--gallery', 'shop'])
    assert sorted(os.listdir('output')) == [
        'retrieval-2.png', 'retrieval.png']
    out = capsys.readouterr().out
    assert out.count('snap a.png') == 7 and out.count('The sheet is') == 2


def test_score_thresh(small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [0, 1, 3])
    _save_shop(tmp_path / 'shop')
    small.main(['--photo', 'a.png', '--gallery', 'shop', '--score-thresh', '0.75'])
    out = capsys.readouterr().out
    assert 'bag' in out and 'belt' in out and 'outer' not in out


def test_unreadable_product_images_are_named_and_skipped(
        small, tmp_path, capsys):
    _save(tmp_path / 'a.png', [1])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'shop' / '1.png').write_bytes(b'broken')
    (tmp_path / 'shop' / '._0.png').write_bytes(b'hidden')
    with pytest.warns(UserWarning, match=r'left out: .*1\.png'):
        small.main(['--photo', 'a.png', '--gallery', 'shop'])
    row = capsys.readouterr().out.splitlines()[2]
    assert sorted(row.split()[2::2]) == ['0', '3', 'deep/er/2']
    _assert_sheet('output/retrieval.png')


@pytest.mark.parametrize('argv, message', [
    (['--photo', 'missing.jpg'], 'missing.jpg: this is not a file'),
    (['--photo', 'good.png', 'broken.jpg'], 'broken.jpg: '),
    (['--photo', 'shop'], 'shop: this is not a file'),
    (['--gallery', 'nowhere'], 'nowhere'),
    (['--gallery', 'good.png'], 'good.png'),
    (['--gallery', 'empty'], 'empty has no image'),
    (['--out', 'sheet.doc'], '--out sheet.doc: name a file that ends in'),
    (['--out', 'folder.png'], '--out folder.png: name a file'),
    (['--out', 'good.png/x.png'], 'good.png'),
    (['--n-item', '3'], 'n_item must be 12 or more'),
    (['--seed', '-1'], 'seed must be 0 or more'),
    (['--engine', 'openvino'], 'openvino is not installed'),
    (['--k', '0'], 'argument --k: 0 is below 1'),
    (['--k', 'x'], 'argument --k'),
    (['--score-thresh', '2'], 'argument --score-thresh: 2 is not between 0 and 1'),
    (['--score-thresh', 'nan'], 'argument --score-thresh: nan is not between 0 and 1'),
    (['--category', 'kimono'], '--category'),
    (['--engine', 'torch'], '--engine'),
    (['--photo'], '--photo'),
    (['--unknown'], '--unknown'),
])
def test_bad_input(small, tmp_path, capsys, argv, message):
    _save(tmp_path / 'good.png', [0])
    _save_shop(tmp_path / 'shop')
    (tmp_path / 'broken.jpg').write_bytes(b'\xff\xd8\xff')
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'folder.png').mkdir()
    defaults = [] if '--photo' in argv else ['--photo', 'good.png']
    if '--gallery' not in argv and argv[0] not in ('--n-item', '--seed'):
        defaults += ['--gallery', 'shop']
    last = _fails(small, defaults + argv, capsys)
    assert ': error: ' in last and message in last
    assert not [x for x in tmp_path.rglob('*') if x.name.endswith('.tmp')]
    assert not (tmp_path / 'output' / 'retrieval.png').exists()


def test_no_product_image_can_be_read(small, tmp_path, capsys):
    _save(tmp_path / 'good.png', [0])
    (tmp_path / 'bad').mkdir()
    (tmp_path / 'bad' / 'a.jpg').write_bytes(b'')
    with pytest.warns(UserWarning, match=r'a\.jpg'):
        last = _fails(small, ['--photo', 'good.png', '--gallery', 'bad'], capsys)
    assert 'none of the 1 product images can be read' in last


@pytest.mark.skipif(gpu_available(), reason='there is a GPU')
def test_no_gpu(demo, capsys):
    assert '--gpu 0: CuPy finds no GPU' in _fails(demo, ['--gpu', '0'], capsys)


def test_failed_drawing_leaves_no_file(small, tmp_path, monkeypatch, capsys):
    _save(tmp_path / 'a.png', [0])
    _save_shop(tmp_path / 'shop')

    class Fails:
        def savefig(self, f, **kwargs):
            f.write(b'half')
            raise OSError('disk full')

    monkeypatch.setattr(
        small, 'vis_retrieval_sheet', lambda *args, **kwargs: Fails())
    assert 'disk full' in _fails(
        small, ['--photo', 'a.png', '--gallery', 'shop'], capsys)
    assert os.listdir('output') == []


@pytest.mark.parametrize('option', ['--detector-weights',
                                    '--extractor-weights'])
def test_weights_of_another_network(
        demo, monkeypatch, tmp_path, capsys, option):
    monkeypatch.chdir(tmp_path)
    if option == '--extractor-weights':
        monkeypatch.setattr(demo, 'FashionSSD300', _ColourDetector)
    np.savez('other.npz', fc=np.zeros(3))
    last = _fails(demo, [option, 'other.npz', '--n-item', '12'], capsys)
    assert 'error: other.npz' in last and 'another network' in last


@pytest.mark.slow
def test_with_the_shipped_weights(demo, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    demo.main(['--n-snap', '2', '--n-item', '24'])
    out, err = capsys.readouterr()
    assert err == ''
    assert 'no item found' not in out
    _assert_sheet('output/retrieval.png')
