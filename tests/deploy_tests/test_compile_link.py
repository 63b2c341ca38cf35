import importlib
import importlib.util
import os
import shutil

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.deploy import compile_link
from vasily_fashion.deploy.openvino_engine import cpu_computes_bf16
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import FashionItemRetriever, FlatIndex
from vasily_fashion.utils import weights_sha256

import chainer
import chainer.links as L
import numpy as np
import pytest

ENGINES = ['openvino', 'onnxruntime']
needs_nncf = pytest.mark.skipif(
    importlib.util.find_spec('nncf') is None,
    reason='NNCF is not installed: it refuses the NumPy of this Python')


def _imgs(n, seed=0):
    random_state = np.random.default_rng(seed)
    return [random_state.uniform(0, 255, (3, 90 + 7 * i, 60)).astype(np.float32)
            for i in range(n)]


def _extractor(seed):
    state = np.random.get_state()
    np.random.seed(seed)
    link = StyleExtractorBN()
    # statistics as of a trained network: embeddings differ between images
    link.train = True
    link(np.stack([link.prepare(img) for img in _imgs(4, 99)]))
    link.train = None
    np.random.set_state(state)
    return link


@pytest.fixture(scope='module')
def extractor():
    return _extractor(1)


@pytest.fixture(scope='module')
def detector():
    link = FashionSSD300(pretrained_model='fashion')
    link.score_thresh = .2
    return link


@pytest.fixture(scope='module')
def snaps():
    return [img for img, _, _ in SyntheticFashionDataset(3, seed=4)[:]]


@pytest.mark.parametrize('engine', ENGINES)
def test_extract_as_chainer_does(extractor, engine):
    imgs = _imgs(3)
    expected = extractor.extract(imgs)
    compiled = compile_link(extractor, engine, 'f32')
    assert (compiled.engine.name, compiled.engine.precision) == (engine, 'f32')
    found = compiled.extract(imgs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, expected, atol=1e-4 * np.abs(expected).max())
    assert np.abs(expected[0] - expected[1]).max() > .01
    assert compiled.extract([]).shape == (0, 128)


@pytest.mark.parametrize('engine', [
    'openvino', pytest.param('onnxruntime', marks=pytest.mark.slow)])
def test_predict_as_chainer_does(detector, snaps, engine):
    expected = detector.predict(snaps)
    assert all(len(bbox) for bbox in expected[0])
    compiled = compile_link(detector, engine, 'f32')
    assert compiled.score_thresh == .2
    found = compiled.predict(snaps)
    for column, expected_column in zip(found, expected, strict=True):
        for a, b in zip(column, expected_column, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=.05)
    assert compiled.predict([]) == ([], [], [])
    compiled.use_preset('visualize')
    assert compiled.score_thresh == .3
    compiled.use_preset('evaluate')
    assert len(compiled.predict(snaps[:1])[0][0]) > len(found[0][0])


def test_retriever_does_not_know_the_difference(extractor):
    boxes = [np.array([[0, 0, 50, 30], [10, 5, 80, 60]], np.float32)]
    results = []
    for model in (extractor, compile_link(extractor, precision='f32')):
        index = FlatIndex(128)
        index.add(model.extract(_imgs(5, 3)), list('abcde'))
        retriever = FashionItemRetriever(None, model, index)
        results.append(retriever.retrieve(_imgs(1), k=3, bboxes=boxes)[0])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_allclose(a.distances, b.distances, rtol=1e-2)


def test_is_found_by_its_weights_the_next_time(extractor, cache_root):
    def entries():
        return sorted((cache_root / 'vasily_fashion').rglob('model.onnx'))

    compile_link(extractor, 'onnxruntime')
    before = entries()
    times = [path.stat().st_mtime_ns for path in before]
    compile_link(_extractor(1), 'onnxruntime')
    assert entries() == before
    assert [path.stat().st_mtime_ns for path in before] == times
    other = _extractor(1)
    other.bn2_1.avg_mean[3] += .5
    compile_link(other, 'onnxruntime')
    assert len(entries()) == len(before) + 1
    assert not [name for _, folders, _ in os.walk(cache_root)
                for name in folders if name.startswith('.tmp')]


def test_caller_in_train_mode(extractor):
    link = _extractor(5)
    link.train = True
    compiled = compile_link(link, 'onnxruntime')
    assert link.train is True
    expected = link.extract(_imgs(2))
    np.testing.assert_allclose(
        compiled.extract(_imgs(2)), expected,
        atol=1e-4 * np.abs(expected).max())


def test_network_that_comes_out_otherwise(monkeypatch, cache_root):
    # the package's name `compile_link` is the function
    module = importlib.import_module('vasily_fashion.deploy.compile_link')
    export_onnx = module.export_onnx
    monkeypatch.setattr(
        module, 'export_onnx',
        lambda link, *args: export_onnx(_extractor(8), *args))
    before = list(cache_root.rglob('model.onnx'))
    with pytest.raises(RuntimeError, match='computes another network'):
        compile_link(_extractor(7), 'onnxruntime')
    # nothing wrong is kept
    assert list(cache_root.rglob('model.onnx')) == before
    assert not list(cache_root.rglob('.tmp*'))


def test_auto(extractor):
    compiled = compile_link(extractor)
    assert compiled.engine.name == 'openvino'
    assert compiled.engine.precision == (
        'bf16' if cpu_computes_bf16() else 'f32')


@pytest.mark.skipif(
    not cpu_computes_bf16(), reason='this CPU has no bfloat16')
def test_bf16(extractor):
    imgs = _imgs(3)
    expected = extractor.extract(imgs)
    found = compile_link(extractor, precision='bf16').extract(imgs)
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert 1e-6 < error < .03


@needs_nncf
def test_int8(extractor, cache_root):
    imgs = _imgs(4)
    with pytest.raises(ValueError, match='needs calibration'):
        compile_link(extractor, precision='int8')
    compiled = compile_link(
        extractor, precision='int8', calibration=_imgs(6, seed=4))
    assert compiled.engine.precision == 'int8'
    expected = extractor.extract(imgs)
    found = compiled.extract(imgs)
    error = np.sqrt(((found - expected) ** 2).mean()) / expected.std()
    assert 1e-4 < error < .2
    # images do not disturb each other
    np.testing.assert_allclose(
        found[3:], compiled.extract(imgs[3:]), atol=1e-6)
    # once calibrated, found again without images
    again = compile_link(extractor, precision='int8')
    np.testing.assert_allclose(again.extract(imgs), found, atol=1e-6)


@needs_nncf
@pytest.mark.slow
def test_int8_detector(detector, snaps):
    compiled = compile_link(
        detector, precision='int8', calibration=snaps * 2)
    x = np.stack([detector._prepare(img) for img in snaps])
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        outputs = detector(x)
    for found, expected in zip(compiled.engine(x), outputs, strict=True):
        for y, y_expected in zip(found, expected.array, strict=True):
            error = ((y - y_expected) ** 2).mean() ** .5
            assert error < .1 * y_expected.std()


@pytest.mark.skipif(cpu_computes_bf16(), reason='this CPU has bfloat16')
def test_bf16_is_refused_by_name(extractor):
    with pytest.raises(ValueError, match="'bf16': this CPU"):
        compile_link(extractor, precision='bf16')


@pytest.mark.gpu
def test_link_on_a_gpu_stays_there(snaps):
    import cupy
    link = FashionSSD300(pretrained_model='fashion')
    expected = link.predict(snaps)
    link.to_device('@cupy:0')
    compiled = compile_link(link, precision='f32')
    assert isinstance(link.coder._default_bbox, cupy.ndarray)
    for predict in (link.predict, compiled.predict):
        for bbox, expected_bbox in zip(
                predict(snaps)[0], expected[0], strict=True):
            np.testing.assert_allclose(bbox, expected_bbox, atol=.1)


@pytest.mark.parametrize('kwargs, error, match', [
    ({'engine': 'tensorrt'}, ValueError, "engine .*'tensorrt'"),
    ({'precision': 'f16'}, ValueError, "precision .*'f16'"),
    ({'engine': 'onnxruntime', 'precision': 'int8'}, ValueError, 'OpenVINO'),
    ({'calibration': []}, ValueError, 'calibration is empty'),
    ({'calibration': [np.zeros((4, 5))]}, ValueError, r'calibration\[0\]')])
def test_bad_arguments(extractor, kwargs, error, match):
    with pytest.raises(error, match=match):
        compile_link(extractor, **kwargs)


def test_what_is_compiled_has_the_fingerprint_of_its_link(extractor):
    compiled = compile_link(extractor, 'onnxruntime')
    assert weights_sha256(compiled) == weights_sha256(extractor) == extractor.fingerprint


def test_another_link():
    with pytest.raises(TypeError, match='not Linear'):
        compile_link(L.Linear(3, 4))


def test_bad_image_is_named(extractor):
    compiled = compile_link(extractor, 'onnxruntime')
    imgs = _imgs(2)
    imgs[1][0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r'imgs\[1\].*NaN'):
        compiled.extract(imgs)


def test_a_damaged_entry_is_made_anew(extractor, cache_root):
    compile_link(extractor, 'openvino', 'f32')
    other = _extractor(11)
    compile_link(other, 'openvino', 'f32')
    entry, wrong = (next((cache_root / 'vasily_fashion' / 'compiled').glob(
        f'*{weights_sha256(link)}*')) / 'f32-openvino' for link in (extractor, other))
    shutil.copy(wrong / 'model.onnx', entry / 'model.onnx')
    # of several precisions that the tests before have compiled, this one
    blob, = entry.parent.glob('openvino-f32-*-f32-openvino/*.blob')
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-9])
    expected = extractor.extract(_imgs(1))
    before = None
    for _ in range(2):
        found = compile_link(extractor, 'openvino', 'f32').extract(_imgs(1))
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
        # the second time it is as the first left it
        times = [path.stat().st_mtime_ns for path in sorted(entry.parent.rglob('*'))]
        assert before in (None, times)
        before = times
