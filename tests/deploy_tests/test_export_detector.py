import json

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.deploy import export_detector
from vasily_fashion.links import FashionSSD300
from vasily_fashion.links.ssd import VotingMultiboxCoder

import numpy as np
import onnx
import onnx.utils
import onnxruntime
import pytest


@pytest.fixture(scope='module')
def detector():
    return FashionSSD300(pretrained_model='fashion')


def _session(model):
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider'])


def _assert_predicts(session, detector, image):
    found = session.run(None, {'image': image})
    expected = [x for x, in detector.predict([image.transpose(2, 0, 1).astype(np.float32)])]
    for array, name, dtype in zip(
            found, ('boxes', 'labels', 'scores'), (np.float32, np.int64, np.float32),
            strict=True):
        assert array.dtype == dtype, name
    boxes, labels, scores = found
    assert boxes.shape == expected[0].shape
    np.testing.assert_array_equal(labels, expected[1])
    np.testing.assert_allclose(scores, expected[2], atol=1e-4)
    np.testing.assert_allclose(boxes, expected[0], atol=1e-2)
    return labels


def test_gives_what_predict_gives(detector, monkeypatch):
    monkeypatch.setattr(detector, 'score_thresh', 0.05)
    monkeypatch.setattr(detector, 'nms_thresh', 0.3)
    model = export_detector(detector)
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.input] == ['image']
    assert [value.name for value in model.graph.output] == ['boxes', 'labels', 'scores']
    session = _session(model)
    names = session.get_modelmeta().custom_metadata_map['label_names']
    assert json.loads(names) == list(FASHION_CATEGORIES)
    snap = SyntheticFashionDataset(1, 0)[0][0].transpose(1, 2, 0).astype(np.uint8)
    assert len(set(_assert_predicts(session, detector, snap))) > 3
    _assert_predicts(session, detector, snap[100:120, ::2])


def test_own_classes_at_the_threshold():
    detector = FashionSSD300(label_names=('kimono', 'geta', 'obi'))
    detector.score_thresh = 0.25
    model = export_detector(detector)
    names, = (x.value for x in model.metadata_props if x.key == 'label_names')
    assert json.loads(names) == ['kimono', 'geta', 'obi']
    decode = _session(onnx.utils.Extractor(model).extract_model(
        ['y0', 'y1', 'scale'], ['boxes', 'labels', 'scores']))
    loc = np.random.default_rng(0).normal(0, 1, (1, 8732, 4)).astype(np.float32)
    conf = np.zeros((1, 8732, 4), np.float32)
    conf[:, :, 0] = 10  # background
    for n_found in 0, 3:
        # of four equal ones each has a score of 0.25; the boxes lie far from each other
        conf[:, [100, 3000, 8000][:n_found], 0] = 0
        found = decode.run(None, {'y0': loc, 'y1': conf, 'scale': np.array(
            [2, 3, 2, 3], np.float32)})
        bbox, label, score = detector.coder.decode(loc[0], conf[0], 0.45, 0.25)
        assert len(bbox) == 3 * n_found
        np.testing.assert_array_equal(found[1], label)
        np.testing.assert_array_equal(found[2], score)
        found, expected = (
            x[np.lexsort((x[:, 0], label))] for x in (found[0], bbox * [2, 3, 2, 3]))
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize('name', ['nms_thresh', 'score_thresh'])
@pytest.mark.parametrize('value', [None, 0, 1.5, np.nan])
def test_wrong_threshold(detector, monkeypatch, name, value):
    monkeypatch.setattr(detector, name, value)
    with pytest.raises(ValueError, match=f'{name} must be between 0 and 1, not {value}'):
        export_detector(detector)


def test_other_coder(detector, monkeypatch):
    monkeypatch.setattr(detector, 'coder', VotingMultiboxCoder(detector.coder))
    with pytest.raises(ValueError, match='the coder is a VotingMultiboxCoder'):
        export_detector(detector)


@pytest.mark.gpu
def test_a_detector_on_a_gpu(detector):
    on_gpu = FashionSSD300(pretrained_model='fashion')
    on_gpu.to_device('@cupy:0')
    assert (export_detector(on_gpu).SerializeToString()
            == export_detector(detector).SerializeToString())
