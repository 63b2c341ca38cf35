import functools
import importlib.util
import json
import pathlib

from tests.datasets_tests import trees
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import (
    DeepFashion2BboxDataset,
    GenericCOCOBboxDataset,
    SyntheticFashionDataset,
    SyntheticItemDataset,
)
from vasily_fashion.evaluations.baselines import hsv_histogram
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import read_image, save_weights

import chainer
import numpy as np
import pytest
from chainercv.utils import write_image
from PIL import Image

_EXAMPLES = pathlib.Path(__file__).parents[2] / 'examples'


def _load(name, monkeypatch):
    path = _EXAMPLES / name
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location('script_' + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _TruthfulDetector:
    """Knows the synthetic snaps' boxes, in order, but for some of each."""

    def __init__(self, pretrained_model, label_names=None, missed=slice(0)):
        self._snaps = SyntheticFashionDataset(100, 1000)
        self._missed = missed
        self._n = 0

    def use_preset(self, preset):
        pass

    def to_device(self, device):
        pass

    def predict(self, imgs):
        results = []
        for img in imgs:
            truth, bbox, label = self._snaps[self._n % len(self._snaps)]
            np.testing.assert_array_equal(img, truth)
            bbox = np.delete(bbox, self._missed, axis=0)
            label = np.delete(label, self._missed)
            results.append((bbox, label, np.ones(len(bbox), np.float32)))
            self._n += 1
        return tuple(map(list, zip(*results, strict=True)))


class _MeanColour:
    """Embeds the mean colour."""

    def __init__(self, pretrained_model):
        pass

    def to_device(self, device):
        pass

    def extract(self, imgs):
        return np.stack([img.mean(axis=(1, 2)) for img in imgs])


@pytest.mark.parametrize('name', ['ssd/eval.py', 'style_extractor/eval.py'])
def test_ccp_needs_its_root(name, monkeypatch, capsys):
    with pytest.raises(SystemExit) as caught:
        _load(name, monkeypatch).main(['--dataset', 'ccp'])
    assert caught.value.code == 2
    assert '--dataset ccp needs --root' in capsys.readouterr().err


def test_detector_is_scored(tmp_path, monkeypatch, capsys):
    np.random.seed(0)
    detector = FashionSSD300()
    for head in detector.multibox.conf:
        # nearly all is background: thousands of boxes would take a minute
        head.b.array.reshape(-1, detector.n_fg_class + 1)[:, 0] = 4
    save_weights(tmp_path / 'ssd.npz', detector)
    _load('ssd/eval.py', monkeypatch).main([
        '--n-snap', '2', '--weights', str(tmp_path / 'ssd.npz'),
        '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    voc = {'map'} | {f'ap/{c}' for c in FASHION_CATEGORIES}
    assert {key for key in result if not key.startswith('coco/')} == voc | {
        f'{key}/{end}' for key in voc for end in ('low', 'high')}
    assert result['map/low'] <= result['map'] <= result['map/high']
    # an untrained detector finds next to nothing
    assert 0 <= result['map'] < 0.1
    assert {f'coco/{key}' for key in voc} <= set(result)
    assert {f'coco/map{x}' for x in (
        '50', '75', '_small', '_medium', '_large')} <= set(result)
    assert 0 <= result['coco/map'] <= result['coco/map50'] < 0.1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ['VOC', 'AP@0.5', 'COCO', 'AP']
    assert lines.pop().startswith('mAP@0.5 0.0')
    assert [line.split()[0] for line in lines[1:]] == [
        *FASHION_CATEGORIES, 'mean']
    assert lines[-1].split()[1:] == [f'{result[key]:.3f}' for key in (
        'map', 'coco/map', 'coco/map50', 'coco/map75', 'coco/map_small',
        'coco/map_medium', 'coco/map_large')]


@pytest.mark.parametrize('label_names', [('obi', 'geta'), FASHION_CATEGORIES[::-1]])
def test_detector_of_other_classes_is_refused(
        label_names, tmp_path, monkeypatch, capsys):
    path = tmp_path / 'own.npz'
    save_weights(path, FashionSSD300(label_names=label_names))
    with pytest.raises(SystemExit) as caught:
        _load('ssd/eval.py', monkeypatch).main(['--n-snap', '1', '--weights', str(path)])
    assert caught.value.code == 2
    assert f'other classes, {label_names[0]}, {label_names[1]}' in capsys.readouterr().err


def test_detector_is_scored_without_pycocotools(
        tmp_path, monkeypatch, capsys):
    module = _load('ssd/eval.py', monkeypatch)
    monkeypatch.setattr(module.importlib.util, 'find_spec', lambda name: None)
    monkeypatch.setattr(module, 'FashionSSD300', _TruthfulDetector)
    module.main(['--n-snap', '1', '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert result['map'] == pytest.approx(1)
    assert not any('coco' in key for key in result)
    out = capsys.readouterr().out
    assert 'pip install pycocotools' in out and 'COCO AP' not in out


def test_embedding_is_scored_beside_the_baselines(
        tmp_path, monkeypatch, capsys):
    np.random.seed(0)
    save_weights(tmp_path / 'style.npz', StyleExtractorBN())
    save_weights(tmp_path / 'ssd.npz', FashionSSD300())
    _load('style_extractor/eval.py', monkeypatch).main([
        '--n-snap', '1', '--weights', str(tmp_path / 'style.npz'),
        '--vgg16', str(tmp_path / 'ssd.npz'),
        '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert set(result) == {
        'StyleExtractorBN', 'HSV histogram, cosine', 'VGG16 features, cosine'}
    for scores in result.values():
        assert 0 <= scores['hit@1'] <= scores['hit@5'] <= scores['hit@20'] <= 1
    # one snap shows fewer than 20 items
    assert result['HSV histogram, cosine']['hit@20'] == 1
    assert 'queries' in capsys.readouterr().out


def test_embedding_is_scored_on_detected_boxes(tmp_path, monkeypatch, capsys):
    module = _load('style_extractor/eval.py', monkeypatch)
    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)

    def scores(*args):
        module.main(['--n-snap', '2', '--json', str(tmp_path / 'result.json'), *args,
                     *(['--margin', '0'] if args else [])])
        return json.loads((tmp_path / 'result.json').read_text())

    truth = scores()
    for x in truth.values():
        assert x['within/hit@1'] >= x['hit@1']
        assert x['hit@5/low'] <= x['hit@5'] <= x['hit@5/high']
    monkeypatch.setattr(module, 'FashionSSD300', _TruthfulDetector)
    detected = scores('--boxes', 'detected')
    assert detected == {name: {**truth[name], 'found': 1} for name in truth}
    capsys.readouterr()

    # one item of each snap is not found: a miss
    monkeypatch.setattr(module, 'FashionSSD300', functools.partial(
        _TruthfulDetector, missed=slice(1)))
    detected = scores('--boxes', 'detected')
    out = capsys.readouterr().out
    n_query = int(out.split()[0])
    for name in truth:
        found = detected[name]['found']
        assert found == pytest.approx(1 - 2 / n_query)
        assert detected[name]['hit@20'] <= found
        assert truth[name]['hit@1'] - 2 / n_query - 1e-9 <= (
            detected[name]['hit@1']) <= truth[name]['hit@1']

    # a wrong category is searched in vain
    class Mistaken(_TruthfulDetector):
        def predict(self, imgs):
            bboxes, labels, scores = super().predict(imgs)
            return bboxes, [(x + 1) % 12 for x in labels], scores

    monkeypatch.setattr(module, 'FashionSSD300', Mistaken)
    for name, x in scores('--boxes', 'detected').items():
        assert x['found'] == 1 and x['hit@1'] == truth[name]['hit@1']
        assert {value for key, value in x.items()
                if key.startswith('within/')} == {0}

    # none at all
    monkeypatch.setattr(module, 'FashionSSD300', functools.partial(
        _TruthfulDetector, missed=slice(None)))
    detected = scores('--boxes', 'detected')
    assert all(set(x.values()) == {0} for x in detected.values())


@pytest.mark.slow
@pytest.mark.parametrize('name', ['ssd', 'style_extractor'])
@pytest.mark.parametrize('engine', ['openvino', 'onnxruntime'])
def test_engines_score_the_same(
        name, engine, tmp_path, monkeypatch):
    pytest.importorskip(engine)
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path))
    results = []
    for chosen in ('chainer', engine):
        args = ['--n-snap', '4', '--json', str(tmp_path / 'result.json'),
                '--engine', chosen]
        if name == 'style_extractor':
            args += ['--boxes', 'detected']
        _load(f'{name}/eval.py', monkeypatch).main(args)
        results.append(json.loads((tmp_path / 'result.json').read_text()))
    chainer_result, result = results
    if name == 'style_extractor':
        chainer_result, result = (x['StyleExtractorBN'] for x in results)
        assert chainer_result['found'] > 0
    assert result == pytest.approx(chainer_result, abs=0.02, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize('name, args, key', [
    ('ssd', [], 'coco/map'),
    ('style_extractor', ['--boxes', 'detected'], 'map')])
def test_boxes_can_vote(name, args, key, tmp_path, monkeypatch):
    scores = []
    for vote in ([], ['--vote-thresh', '0.05'], ['--vote-thresh', '0.99']):
        _load(f'{name}/eval.py', monkeypatch).main([
            '--n-snap', '6', '--json', str(tmp_path / 'result.json'),
            *args, *vote])
        result = json.loads((tmp_path / 'result.json').read_text())
        scores.append(result.get('StyleExtractorBN', result)[key])
    alone, of_all_near, of_itself = scores
    assert of_all_near != alone
    assert of_itself == pytest.approx(alone, abs=1e-3)


def test_baselines_tell_colours_apart():
    red = np.zeros((3, 20, 10), np.float32)
    red[0] = 200
    blue = red[::-1].copy()
    red_on_white = np.full((3, 40, 40), 255, np.float32)
    red_on_white[:, 10:30, 15:25] = red
    features = hsv_histogram([red, blue, red_on_white])
    np.testing.assert_allclose(
        features @ features.T, [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=1e-6)


@pytest.mark.parametrize('name, make, argv, keys', [
    ('street2shop', trees.make_street2shop, ['--skip-missing'],
     {f'hit@{k}{of}' for k in (1, 5, 10, 20) for of in (
         '', '/bags', '/dresses')}),
    ('deepfashion2-pairs', trees.make_deepfashion2, ['--split', 'train'],
     {'found', *(f'hit@{k}' for k in (1, 5, 10, 15, 20))}),
    ('consumer-to-shop', trees.make_consumer_to_shop, ['--gallery', 'val+test'],
     {f'hit@{k}/gallery=val+test' for k in (1, 20, 50)}),
    ('in-shop', trees.make_in_shop, [],
     {f'recall@{k}' for k in (1, 10, 20, 30, 40, 50)})])
def test_protocols(name, make, argv, keys, tmp_path, monkeypatch, capsys):
    root = make(tmp_path / 'root')
    if name == 'consumer-to-shop':
        partition = root / 'Eval' / 'list_eval_partition.txt'
        partition.write_text(partition.read_text().replace(' val', ' test'))
    module = _load('style_extractor/eval.py', monkeypatch)
    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)
    module.main(['--dataset', name, '--root', str(root), *argv,
                 '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert set(result) == {'StyleExtractorBN', 'HSV histogram, cosine'}
    for scores in result.values():
        assert set(scores) == keys
        # with so few images the last k is the whole gallery
        last = max(keys - {'found', 'map'}, key=lambda key: (
            '/' not in key, int(key.partition('@')[2].partition('/')[0])))
        assert scores[last] == 1
    assert 'examples, ' in capsys.readouterr().out


def test_csv_whose_images_are_both_do_not_find_themselves(
        tmp_path, monkeypatch):
    """Two photos an item that have nothing in common; one is there twice."""
    lines = ['label,path,split,is_query,is_gallery']
    for i in range(12):
        trees.write_image(tmp_path / f'{i}.png', seed=i)
        lines.append(f'{i // 2},{i}.png,test,True,True')
    lines += ['0,./0.png,test,True,False']
    (tmp_path / 'a.csv').write_text('\n'.join(lines))
    module = _load('style_extractor/eval.py', monkeypatch)
    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)
    module.main(['--dataset', 'csv', '--root', str(tmp_path / 'a.csv'), '--split',
                 'test', '--json', str(tmp_path / 'result.json')])
    x = np.stack([read_image(tmp_path / f'{i}.png').mean(axis=(1, 2))
                  for i in [*range(12), 0]])
    rows = np.append(np.arange(12), 0)
    distances = ((x[:, None] - x[:12]) ** 2).sum(axis=2)
    distances[np.arange(13), rows] = np.inf
    hits = rows[distances.argmin(axis=1)] // 2 == rows // 2
    result = json.loads((tmp_path / 'result.json').read_text())
    assert result['StyleExtractorBN']['hit@1'] == pytest.approx(hits.mean())
    assert hits.mean() < 1


def test_deepfashion2_with_detected_boxes(tmp_path, monkeypatch):
    """All is as with true boxes, but one of them is not detected."""
    root = trees.make_deepfashion2(tmp_path)
    module = _load('style_extractor/eval.py', monkeypatch)
    truth = DeepFashion2BboxDataset(root)

    class Detector(_TruthfulDetector):

        def __init__(self, pretrained_model):
            self._snaps, self._missed, self._n = truth, 0, 0

    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)
    monkeypatch.setattr(module, 'FashionSSD300', Detector)
    argv = ['--dataset', 'deepfashion2-pairs', '--root', str(root), '--split',
            'train', '--json', str(tmp_path / 'result.json')]
    for boxes, found in ('truth', 1), ('detected', 0):
        module.main([*argv, '--boxes', boxes])
        result = json.loads((tmp_path / 'result.json').read_text())
        # the one query is the first box of its photo
        assert result['StyleExtractorBN']['found'] == found
        assert result['StyleExtractorBN']['hit@20'] == found


def test_detector_is_scored_on_a_coco_json(tmp_path, monkeypatch):
    root = trees.make_coco(tmp_path)
    module = _load('ssd/eval.py', monkeypatch)
    truth = GenericCOCOBboxDataset(root / 'annotations.json', root / 'photos')

    class Detector(_TruthfulDetector):

        def __init__(self, pretrained_model, label_names):
            assert label_names == truth.label_names
            self._snaps, self._missed, self._n = truth, slice(0), 0

    monkeypatch.setattr(module, 'FashionSSD300', Detector)
    argv = ['--dataset', 'coco', '--root', str(root / 'annotations.json'),
            '--images', str(root / 'photos'),
            '--json', str(tmp_path / 'result.json')]
    module.main(argv)
    result = json.loads((tmp_path / 'result.json').read_text())
    assert result['map'] == pytest.approx(1)
    (root / 'photos' / 'empty.jpg').unlink()
    with pytest.raises(SystemExit):
        module.main(argv)
    module.main([*argv, '--skip-missing'])


def _write_flat(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 16, 3), colour, np.uint8)).save(path)


def test_room_is_for_detected_boxes(tmp_path, monkeypatch):
    """A box that the CSV gives is cropped as it is."""
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'cache'))
    _write_flat(tmp_path / 'a.png', 90)
    _write_flat(tmp_path / 'b.png', 50)
    (tmp_path / 'pairs.csv').write_text(
        'label,path,split,is_query,is_gallery,category,x_1,y_1,x_2,y_2\n'
        '0,a.png,test,True,False,dress,4,5,12,15\n0,b.png,test,True,False,dress,,,,\n'
        '0,b.png,test,False,True,dress,,,,\n')
    module = _load('style_extractor/eval.py', monkeypatch)
    sizes = []

    class Extractor(_MeanColour):

        def extract(self, imgs):
            sizes.extend(img.shape[1:] for img in imgs)
            return super().extract(imgs)

    class Detector(chainer.Chain):
        use_preset = FashionSSD300.use_preset

        def __init__(self, pretrained_model):
            super().__init__()
            with self.init_scope():
                self.W = chainer.Parameter(np.zeros(1, np.float32))

        def predict(self, imgs):
            n = len(imgs)
            return ([np.float32([[4, 4, 14, 12]])] * n,
                    [np.array([FASHION_CATEGORIES.index('dress')])] * n, [np.float32([.9])] * n)

    monkeypatch.setattr(module, 'StyleExtractorBN', Extractor)
    monkeypatch.setattr(module, 'FashionSSD300', Detector)
    module.main(['--dataset', 'csv', '--root', str(tmp_path / 'pairs.csv'), '--boxes',
                 'detected', '--margin', '0.2'])
    assert sorted(sizes) == [(10, 8), (14, 12), (20, 16)]


def test_real_pairs_among_distractors(tmp_path, monkeypatch, capsys):
    """Three dresses and a bag, by their mean colour."""
    rows = ['label,path,split,is_query,is_gallery,category']
    for split in 'val', 'test':
        for item, colour in enumerate((40, 90, 140)):
            for kind in 'street', 'shop':
                name = f'{split}-{item}-{kind}.png'
                _write_flat(tmp_path / name, colour + (5 if kind == 'street' else 0))
                rows.append(f'{split}{item},{name},{split},{kind == "street"},'
                            f'{kind == "shop"},{"bag" if item == 2 else "dress"}')
    (tmp_path / 'pairs.csv').write_text('\n'.join(rows))
    # nearer than the own one: to the first dress, to the bag, to nothing asked for
    _write_flat(tmp_path / 'shop' / 'dress' / '0.png', 45)
    _write_flat(tmp_path / 'shop' / 'dress' / '1.png', 144)
    _write_flat(tmp_path / 'shop' / 'belt' / '2.png', 95)
    module = _load('style_extractor/eval.py', monkeypatch)
    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)

    def scores(*argv):
        module.main([
            '--dataset', 'csv', '--root', str(tmp_path / 'pairs.csv'), '--json',
            str(tmp_path / 'result.json'), *argv])
        result = json.loads((tmp_path / 'result.json').read_text())
        return result['StyleExtractorBN'], capsys.readouterr().out

    found, out = scores()
    assert '3 queries of 3 photos, 3 product images' in out
    assert found['hit@1'] == found['within/hit@1'] == 1
    assert scores('--split', 'val')[0]['hit@1'] == 1
    found, out = scores('--distractors', 'folder', str(tmp_path / 'shop'))
    # the belt is of a category that no query has
    assert '3 queries of 3 photos, 5 product images' in out
    assert found['hit@1'] == pytest.approx(1 / 3)
    # within its category the bag is found
    assert found['within/hit@1'] == pytest.approx(2 / 3)
    assert found['hit@5'] == found['within/hit@5'] == 1
    assert found['hit@1/low'] < 1 / 3 < found['hit@1/high']
    with pytest.raises(SystemExit):
        scores('--distractors', 'elsewhere', str(tmp_path / 'shop'))
    assert 'one of folder, csv' in capsys.readouterr().err


@pytest.mark.slow
def test_what_retrieve_finds(tmp_path, monkeypatch, capsys):
    """Of drawn snaps with the shipped weights: the detected category is not always right."""
    items = SyntheticItemDataset(SyntheticFashionDataset(2, 1000))
    rows = ['label,path,split,is_query,is_gallery,category']
    for i in range(len(items)):
        category = FASHION_CATEGORIES[items.categories[i]]
        snap = items.snap_indices[i]
        write_image(items.snaps[snap][0], tmp_path / f'{snap}.png')
        write_image(items.read_product(i), tmp_path / f'product{i}.png')
        rows += [f'{i},{snap}.png,test,True,False,{category}',
                 f'{i},product{i}.png,test,False,True,{category}']
    (tmp_path / 'pairs.csv').write_text('\n'.join(rows))
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'cache'))
    module = _load('style_extractor/eval.py', monkeypatch)
    module.main([
        '--dataset', 'csv', '--root', str(tmp_path / 'pairs.csv'), '--boxes', 'detected',
        '--retrieve', '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    out = capsys.readouterr().out
    for category in 'same', 'any':
        scores = result[f'retrieve, {category}']
        assert f'retrieve, {category}' in out and f'found {scores["found"]:.3f}' in out
        assert .3 < scores['hit@20'] <= scores['found'] < 1
    assert result['retrieve, same']['category@5'] > result['retrieve, any']['category@5']


@pytest.mark.parametrize('argv, message', [
    (['ccp', '--images', 'x', '--root', 'x'], '--images is not for --dataset ccp'),
    (['in-shop', '--images', 'x', '--root', 'x'], '--images is not for --dataset in-shop'),
    (['synthetic', '--root', 'x'], '--root is not for --dataset synthetic'),
    (['csv', '--root', 'x', '--retrieve'], '--retrieve is for --dataset csv --boxes detected'),
    (['synthetic', '--split', 'val'], '--split is not for --dataset synthetic'),
    (['csv', '--root', 'x', '--n-snap', '9'], '--n-snap is not for --dataset csv'),
    (['ccp', '--root', 'x', '--gallery', 'val+test'], '--gallery is not for --dataset ccp'),
    (['synthetic', '--detector-weights', 'x'], '--detector-weights is for --boxes detected'),
    (['synthetic', '--vote-thresh', '.6'], '--vote-thresh is for --boxes detected'),
    (['synthetic', '--boxes', 'detected', '--margin', '-1'], '--margin must be 0 or more, not -1'),
    (['synthetic', '--score-thresh', '30'], 'argument --score-thresh: 30 is not between 0 and 1'),
    (['in-shop', '--root', 'x', '--split', 'train'], 'in-shop is scored on its test split')])
def test_options_that_are_not_for_a_data_set(argv, message, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        _load('style_extractor/eval.py', monkeypatch).main(['--dataset', *argv])
    assert message in capsys.readouterr().err


def test_json_that_is_a_folder(tmp_path, monkeypatch, capsys):
    module = _load('style_extractor/eval.py', monkeypatch)
    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)
    with pytest.raises(SystemExit):
        module.main(['--n-snap', '1', '--json', str(tmp_path)])
    assert 'this is a folder or a device; name a file' in capsys.readouterr().err


def test_synthetic_snaps_have_no_split(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        _load('ssd/eval.py', monkeypatch).main(['--split', 'val'])
    assert '--split and --images are not for --dataset synthetic' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        _load('ssd/eval.py', monkeypatch).main(
            ['--dataset', 'ccp', '--root', 'x', '--n-snap', '9'])
    assert '--n-snap is not for --dataset ccp' in capsys.readouterr().err


def test_nothing_to_search(tmp_path, monkeypatch, capsys):
    trees.write_image(tmp_path / 'a.png')
    path = trees.write_csv(
        tmp_path, 'label,path,split,is_query,is_gallery\n1,a.png,test,True,False\n')
    module = _load('style_extractor/eval.py', monkeypatch)
    with pytest.raises(SystemExit):
        module.main(['--dataset', 'csv', '--root', str(path)])
    assert "items.csv: no row of split 'test' has is_gallery True" in capsys.readouterr().err
    root = trees.make_in_shop(tmp_path / 'in_shop')
    partition = root / 'Eval' / 'list_eval_partition.txt'
    partition.write_text(partition.read_text().replace('query', 'train').replace(
        'gallery', 'train'))
    monkeypatch.setattr(module, 'StyleExtractorBN', _MeanColour)
    with pytest.raises(SystemExit):
        module.main(['--dataset', 'in-shop', '--root', str(root)])
    assert 'no example of in-shop is left to score' in capsys.readouterr().err


def test_neighbor_purity_of_folders(tmp_path, monkeypatch, capsys):
    """Red and green apart: all neighbours are of the class; one red lies among the greens."""
    script = _load('style_extractor/eval_neighbor_purity.py', monkeypatch)
    monkeypatch.setattr(script, 'StyleExtractorBN', _MeanColour)
    with pytest.raises(SystemExit):
        script.main([str(tmp_path)])
    assert '0 photos in folders of 0 classes; 11 of 2 are needed' in capsys.readouterr().err
    for colour, channel, n in ('red', 0, 11), ('green', 1, 12):
        (tmp_path / colour).mkdir()
        for i in range(n):
            img = np.zeros((3, 8, 8), np.float32)
            img[channel] = 200 + i
            write_image(img, tmp_path / colour / f'{i}.png')
    write_image(img, tmp_path / 'red' / 'like_green.png')
    script.main([str(tmp_path), '--engine', 'chainer'])
    extractor, histogram = capsys.readouterr().out.splitlines()
    # it has no neighbour of its class, and six greens have it among their ten
    assert extractor.split() == (
        'StyleExtractorBN 0.933 of the 10 nearest of 24 photos are of the same class, '
        'by chance 0.478').split()
    assert histogram.startswith('HSV histogram')
    with pytest.raises(SystemExit):
        script.main([str(tmp_path / 'none')])
    assert 'none' in capsys.readouterr().err
    monkeypatch.undo()
    script = _load('style_extractor/eval_neighbor_purity.py', monkeypatch)
    script.main([str(tmp_path)])  # compiled, where an engine is installed
    purity = float(capsys.readouterr().out.split()[1])
    assert .478 < purity <= 1
