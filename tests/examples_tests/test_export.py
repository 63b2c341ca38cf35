"""export.py's models, and run_onnx.py in processes that have nothing else."""
import pathlib
import re
import runpy
import subprocess
import sys

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval.fashion_item_retriever import DETECTED_MARGIN
from vasily_fashion.transforms import crop_by_bbox

import numpy as np
import pytest
from PIL import Image

_ROOT = pathlib.Path(__file__).parents[2]
_EXAMPLES = _ROOT / 'examples'
_MAIN = runpy.run_path(str(_EXAMPLES / 'export.py'))['main']
_SCORE_THRESH = 0.2
# Import what is left out of a process: what the models are made with.
_WITHOUT = '''
import runpy, sys
sys.modules.update(dict.fromkeys((
    'chainer', 'chainercv', 'cv2', 'matplotlib', 'onnx', 'onnx_chainer', 'openvino', 'scipy',
    'vasily_fashion', *sys.argv[1].split())))
del sys.argv[1]
'''
_FUNCTIONS = _WITHOUT + '''
import numpy as np
import onnxruntime
script = runpy.run_path(sys.argv[1])
detector, extractor = map(onnxruntime.InferenceSession, sys.argv[2:4])
found = [(name, score, *box, *script['embed'](extractor, crop))
         for name, score, box, crop in script['detect'](detector, np.load(sys.argv[4]))]
np.save(sys.argv[5], np.array([row[1:] for row in found]))
print(*[row[0] for row in found])
'''


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    paths = [str(tmp_path_factory.mktemp('models') / name)
             for name in ('detector.onnx', 'extractor.onnx')]
    _MAIN(['--detector', paths[0], '--extractor', paths[1],
           '--score-thresh', str(_SCORE_THRESH)])
    return paths


@pytest.fixture(scope='module')
def world():
    """A snap, product photos, and what this library makes of them."""
    world = SyntheticFashionDataset(1, 2016, 144)
    snap = world[0][0].astype(np.uint8)
    products = [world.product_images[i][0].astype(np.uint8) for i in range(5)]
    detector = FashionSSD300(pretrained_model='fashion')
    detector.score_thresh = _SCORE_THRESH
    (bbox,), (label,), (score,) = detector.predict([snap.astype(np.float32)])
    embeddings = StyleExtractorBN(pretrained_model='fashion').extract([
        img.astype(np.float32) for img in (*crop_by_bbox(snap, bbox, DETECTED_MARGIN), *products)])
    names = [detector.label_names[i] for i in label]
    assert len(names) > 2
    return snap, products, names, score, bbox, embeddings[:len(bbox)], embeddings[len(bbox):]


def _run(code, without, *args):
    done = subprocess.run(
        [sys.executable, '-I', '-c', code, without, *map(str, args)], capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_onnxruntime_and_numpy_alone(models, world, tmp_path):
    snap, _, names, score, bbox, embeddings, _ = world
    np.save(tmp_path / 'snap.npy', snap.transpose(1, 2, 0))
    out = _run(_FUNCTIONS, 'PIL', _EXAMPLES / 'run_onnx.py', *models,
               tmp_path / 'snap.npy', tmp_path / 'found.npy')
    assert out.split() == names
    found = np.load(tmp_path / 'found.npy')
    np.testing.assert_allclose(found[:, 0], score, atol=1e-4)
    np.testing.assert_allclose(found[:, 1:5], bbox, atol=1e-2)
    np.testing.assert_allclose(found[:, 5:], embeddings, atol=1e-3)


def test_nearest_products(models, world, tmp_path):
    snap, products, names, score, _, items, catalogue = world
    paths = []
    for i, img in enumerate([snap, *products]):
        paths.append(str(tmp_path / f'{i}.png'))
        picture = Image.fromarray(img.transpose(1, 2, 0))
        if i == 1:  # white below what is transparent
            array = np.array(picture.convert('RGBA'))
            array[(array[..., :3] == 255).all(axis=2)] = 0
            picture = Image.fromarray(array)
        picture.save(paths[-1])
    out = _run(
        _WITHOUT + "runpy.run_path(sys.argv[1])['main'](sys.argv[2:])", '',
        _EXAMPLES / 'run_onnx.py', *models, *paths)
    distances = ((items[:, None] - catalogue) ** 2).sum(axis=2)
    lines = out.splitlines()
    assert len(lines) == len(names)
    for line, name, x, row in zip(lines, names, score, distances, strict=True):
        assert line.startswith(f'{name} {x:.2f} [')
        path, distance = line.split(']: ')[1].split(', ')
        assert path == paths[1 + row.argmin()]
        assert float(distance) == pytest.approx(row.min(), abs=2e-3)


@pytest.mark.parametrize('argv, message', [
    ([], 'give --detector FILE, --extractor FILE or both'),
    (['--detector', 'x.onnx', '--score-thresh', '60'],
     'score_thresh must be between 0 and 1, not 60.0'),
    (['--detector', 'x.onnx', '--nms-thresh', '0'], 'nms_thresh must be between 0 and 1'),
    (['--detector', 'x.onnx', '--detector-weights', 'none.npz'], 'none.npz')])
def test_wrong_arguments(argv, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        _MAIN(argv)
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_page_has_every_flag():
    flags = re.findall(r"add_argument\(\s*'(--[\w-]+)'", (_EXAMPLES / 'export.py').read_text())
    page = (_ROOT / 'docs' / 'how_to' / 'onnx.md').read_text('utf-8')
    table = page[page.index('| flag |'):]
    table = table[:table.index('\n\n')]
    assert re.findall(r'^\| `(--[\w-]+)', table, re.M) == flags


def test_run_onnx_says_what_it_takes():
    done = subprocess.run(
        [sys.executable, _EXAMPLES / 'run_onnx.py'], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'Usage: python run_onnx.py detector.onnx' in done.stderr
