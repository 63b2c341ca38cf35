import importlib.util
import json
import pathlib

from vasily_fashion.retrieval import FashionItemRetriever
from vasily_fashion.utils import gpu_available

import chainer
import cv2
import numpy as np
import pytest

_FOLDER = pathlib.Path(__file__).parents[2] / 'examples' / 'benchmark'


@pytest.fixture
def load(monkeypatch):
    """A script as a module; it imports others of its folder."""
    monkeypatch.syspath_prepend(str(_FOLDER))

    def load(name):
        spec = importlib.util.spec_from_file_location(
            f'benchmark_{name}', _FOLDER / f'{name}.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    return load


@pytest.mark.skipif(gpu_available(), reason='there is a GPU')
@pytest.mark.parametrize('name, argv', [('article', ['--gpu', '0']), ('gpu', [])])
def test_without_a_gpu(name, argv, load, capsys):
    with pytest.raises(SystemExit) as caught:
        load(name).main(argv)
    assert caught.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert '--gpu 0: CuPy finds no GPU here' in lines[-1]


def test_photos_take_turns(load):
    seen, n_box = [], []

    def find(imgs):
        seen.append(imgs)
        return 6
    work = load('article').in_turn(find, ['a', 'b', 'c'], 2, n_box)
    for _ in range(3):
        work()
    assert seen == [['a', 'b'], ['c', 'a'], ['b', 'c']]
    assert n_box == [3, 3, 3]


def test_selective_search_is_left_out_where_opencv_lacks_it(load, monkeypatch, capsys):
    monkeypatch.delattr(cv2, 'ximgproc', raising=False)
    assert load('article').selective_search() == {}
    assert 'pip install opencv-contrib-python-headless' in capsys.readouterr().err


@pytest.mark.skipif(
    not hasattr(cv2, 'ximgproc'), reason='needs opencv-contrib-python-headless')
def test_selective_search_finds_what_there_is(load):
    img = np.zeros((3, 60, 80), np.float32)
    finders = load('article').selective_search()
    assert list(finders) == ['fast', 'quality']
    for find in finders.values():
        few = find([img])
        img_of_boxes = img.copy()
        img_of_boxes[0, 10:30, 10:30] = img_of_boxes[2, 35:55, 40:75] = 255
        assert find([img_of_boxes]) > few


@pytest.mark.slow
def test_article(load, tmp_path, capsys):
    article = load('article')
    article.main([
        '--n-snap', '1', '--long-side', '96', '--repeat', '1',
        '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert result['photo_sizes'] == [[96, 72]]
    seconds, boxes = result['seconds_per_photo'], result['boxes_per_photo']
    names = {article.SSD, article.ALL_SCORES, article.FASTER_RCNN, article.LESS_POOLING}
    if hasattr(cv2, 'ximgproc'):
        names |= {'Selective Search, fast', 'Selective Search, quality'}
    assert set(seconds) == set(boxes) == names
    # a photo of 600 pixels and more instead of 300, and 300 regions
    assert result['ratio'] == seconds[article.FASTER_RCNN] / seconds[article.SSD] > 1
    assert 0 < seconds[article.LESS_POOLING] < seconds[article.FASTER_RCNN]
    assert boxes[article.SSD] <= boxes[article.ALL_SCORES]
    # 100 went into the non-maximum suppression
    assert 0 < boxes[article.FASTER_RCNN] <= article.N_SURE
    out = capsys.readouterr().out
    assert f'{result["ratio"]:.1f} times as long' in out
    assert '8.3 (58 against 7 images a second)' in out


@pytest.mark.slow
def test_what_is_timed_on_a_gpu_runs(load):
    works = load('gpu').works(
        chainer.get_device('@numpy'), batch_sizes=(1, 2), n_crop=3, n_train=(1, 2),
        n_gallery=300, n_query=5)
    found = [(name, n, work()) for name, n, _, work in works]
    assert [(name, n) for name, n, _ in found] == [
        ('SSD300 predict, batch 1', 1), ('SSD300 predict, batch 2', 2),
        ('SSD300 forward, batch 1', 1), ('SSD300 forward, batch 2', 2),
        ('SSD300 training, batch 1', 1), ('StyleExtractorBN extract, 3 crops', 3),
        ('StyleExtractorBN triplet training, 2 pairs', 2),
        ('FlatIndex search, 5 in 300', 5)]
    assert [len(found[i][2][0]) for i in (0, 1)] == [1, 2]
    assert found[5][2].shape == (3, 128)
    assert found[7][2][1].shape == (5, 10)


class _Detector:
    """One box in the middle of each snap."""

    def predict(self, imgs):
        bboxes = [np.array([[0.2, 0.2, 0.8, 0.8]], np.float32) * (img.shape[1:] * 2)
                  for img in imgs]
        return bboxes, [np.array([0])] * len(imgs), [np.ones(1)] * len(imgs)


class _Extractor:
    def extract(self, imgs):
        return np.stack([np.resize(img, 128) for img in imgs])


def test_chain_times_the_same_photos_and_crops(load, tmp_path):
    chain = load('chain')
    paths = chain.write_photos(str(tmp_path), 3)
    retriever = FashionItemRetriever(_Detector(), _Extractor(), chain.random_index())
    result = chain.measure(retriever, paths, n_timed=3, repeat=2, n_photo=20)
    assert (result['n_photo'], result['n_crop']) == (3, 3)
    # reading files is more than these networks do
    assert 0 < result['ratio'] < 1
    assert result['ratio'] == pytest.approx(
        result['photos_per_second'] / result['bound'])
    first, last = result['peak_mb']
    # in MB; Linux counts the peak to some pages only
    assert 10 < first < last + 1


def test_chain_reads_photos_of_a_folder(load, tmp_path, monkeypatch, capsys):
    chain = load('chain')
    chain.write_photos(str(tmp_path), 2)
    monkeypatch.setattr(chain, 'networks', lambda precision: (_Detector(), _Extractor()))
    chain.main(['--photo', str(tmp_path), '--n-photo', '10', '--repeat', '1',
                '--json', str(tmp_path / 'result.json')])
    assert json.loads((tmp_path / 'result.json').read_text())['n_photo'] == 2
    assert 'of 10 photos' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        (tmp_path / 'empty').mkdir()
        chain.main(['--photo', str(tmp_path / 'empty')])
    assert 'there are no JPEG files' in capsys.readouterr().err


@pytest.mark.slow
def test_startup(load, tmp_path):
    load('startup').main(['--repeat', '1', '--json', str(tmp_path / 'result.json')])
    seconds = json.loads((tmp_path / 'result.json').read_text())['seconds']
    assert seconds['vasily_fashion'] < 1.2 * seconds['chainercv, repaired on disk']
