from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.ssd import fashion_ssd300
from vasily_fashion.utils import save_weights

import chainer
import numpy as np
import pytest
from chainer.dataset import download
from chainercv.links import SSD300
from chainercv.utils import assert_is_detection_link


def _weights(link):
    return {name: param.array for name, param in link.namedparams()}


@pytest.fixture(scope='module')
def model():
    return FashionSSD300()


@pytest.fixture(scope='module')
def five(tmp_path_factory):
    """Weights of five classes, in half precision."""
    model = FashionSSD300(n_fg_class=5)
    arrays = {name[1:]: array.astype(np.float16)
              for name, array in _weights(model).items()}
    path = tmp_path_factory.mktemp('five') / 'five.npz'
    np.savez(path, **arrays)
    return path, arrays


def test_classes(model):
    assert model.n_fg_class == 12
    assert isinstance(model, SSD300)


def test_all_parameters_are_there_at_once(model):
    for name, param in model.namedparams():
        assert param.is_initialized, name
        assert np.isfinite(param.array).all(), name
    # as many as ChainerCV's SSD300 of 12 classes: its own arithmetic,
    # 26,285,486 for 20, less 8 classes of 4,6,6,6,4,4 boxes at 6 maps
    channels = 4 * 512 + 6 * (1024 + 512 + 256) + 4 * (256 + 256)
    boxes = 4 + 6 * 3 + 4 * 2
    n = sum(param.size for param in model.params())
    assert n == 26_285_486 - 8 * (9 * channels + boxes)


def test_predict(model, monkeypatch):
    # untrained scores are about 1 / 13
    monkeypatch.setattr(model, 'score_thresh', .11)
    assert_is_detection_link(model, 12)


def test_predict_any_size(model, monkeypatch):
    monkeypatch.setattr(model, 'score_thresh', .09)
    monkeypatch.setattr(model, 'nms_thresh', .2)
    random_state = np.random.RandomState(0)
    imgs = [random_state.randint(0, 256, shape).astype(dtype)
            for shape, dtype in (((3, 1, 1), np.uint8),
                                 ((3, 10_000, 20), np.float32))]
    bboxes, labels, scores = model.predict(iter(imgs))
    assert len(bboxes) == len(labels) == len(scores) == 2
    for bbox, label, score in zip(bboxes, labels, scores, strict=True):
        assert bbox.shape == (len(label), 4) and len(score) == len(label)
        assert np.isfinite(bbox).all()
        assert (score >= .09).all()


def test_predict_batch_by_batch(monkeypatch):
    model = FashionSSD300(pretrained_model='fashion')
    imgs = [img for img, *_ in SyntheticFashionDataset(3, 0)[:]]
    expected = model.predict(imgs)
    monkeypatch.setattr(fashion_ssd300, '_BATCH_SIZE', 2)
    for found, of_all in zip(model.predict(imgs), expected, strict=True):
        assert len(found) == 3 and all(map(len, found))
        for a, b in zip(found, of_all, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3)


def test_predict_nothing(model):
    assert model.predict([]) == ([], [], [])


@pytest.mark.parametrize('img, error', [
    (np.zeros((60, 80, 3), np.float32), ValueError),
    (np.zeros((60, 80), np.float32), ValueError),
    (np.full((3, 6, 8), np.nan, np.float32), ValueError),
    (7, TypeError),
])
def test_predict_names_the_wrong_image(model, img, error):
    with pytest.raises(error, match=r'imgs\[1\]'):
        model.predict([np.zeros((3, 6, 8), np.float32), img])


def test_weights_of_another_class_count(five):
    path, arrays = five
    with pytest.raises(ValueError, match='five.npz does not fit FashionSSD300'):
        FashionSSD300(pretrained_model=path)
    with pytest.warns(UserWarning) as caught:
        model = FashionSSD300(pretrained_model=path, strict=False)
    warning, = caught
    assert warning.filename == __file__
    message = str(warning.message)
    assert 'five.npz' in message
    found = _weights(model)
    for name, array in arrays.items():
        is_left_out = name.startswith('multibox/conf/')
        assert (f'/{name}' in message) == is_left_out, name
        if not is_left_out:
            assert found['/' + name].dtype == np.float32
            np.testing.assert_array_equal(found['/' + name], array, name)
    assert model.n_fg_class == 12


def test_weights_of_the_same_class_count(five, recwarn):
    path, arrays = five
    found = _weights(FashionSSD300(n_fg_class=5, pretrained_model=str(path)))
    assert not recwarn
    assert {'/' + name for name in arrays} == found.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found['/' + name], array, name)


def test_own_classes_travel_with_the_weights(tmp_path):
    names = 'kimono', 'geta'
    model = FashionSSD300(label_names=list(names))
    assert model.n_fg_class == 2 and model.label_names == names
    path = tmp_path / 'own.npz'
    save_weights(path, model)
    for kwargs in dict(label_names=names), dict(n_fg_class=2):
        found = FashionSSD300(pretrained_model=path, **kwargs)
        assert found.label_names == names
        np.testing.assert_array_equal(
            found.multibox.conf[0].W.array, model.multibox.conf[0].W.array)
    for kwargs in {}, dict(label_names=names[::-1]), dict(n_fg_class=3):
        with pytest.raises(ValueError, match='own.npz.*classes, kimono, geta|'
                           'own.npz.*number of classes'):
            FashionSSD300(pretrained_model=path, **kwargs)
    twelve = [f'class {i}' for i in range(12)]
    with pytest.raises(ValueError, match='other classes, bag, belt'):
        FashionSSD300(label_names=twelve, pretrained_model='fashion')
    with pytest.raises(ValueError, match='n_fg_class is 3, .* 2 label_names'):
        FashionSSD300(3, label_names=names)
    assert FashionSSD300().label_names == FASHION_CATEGORIES
    assert FashionSSD300(5).label_names is None


def test_weights_of_another_network(tmp_path):
    path = tmp_path / 'style.npz'
    chainer.serializers.save_npz(path, StyleExtractorBN())
    with pytest.raises(
            ValueError, match='style.npz holds the weights of StyleEx.*FashionSSD300'):
        FashionSSD300(pretrained_model=path)


def test_downloads_without_network(tmp_path, monkeypatch):
    monkeypatch.setattr(download, '_dataset_root', str(tmp_path))
    # nobody listens on port 9, neither as a server nor as a proxy
    for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'):
        monkeypatch.setenv(name, 'http://127.0.0.1:9')
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match='ssd300_voc0712.*by hand') as caught:
        FashionSSD300(pretrained_model='voc0712')
    assert str(tmp_path / 'pfnet' / 'chainercv' / 'models') in str(
        caught.value)


@pytest.mark.gpu
def test_predict_gpu():
    model = FashionSSD300()  # its own: copies share the coder
    model.to_device('@cupy:0')
    model.score_thresh = .11
    assert_is_detection_link(model, 12)


@pytest.mark.gpu
@pytest.mark.parametrize('gpu', [0, pytest.param(1, marks=pytest.mark.gpu(2))])
def test_a_gpu_finds_what_the_cpu_finds(gpu):
    """GPU 0 is the current one; one snap is of the host, one of the GPU."""
    model = FashionSSD300(pretrained_model='fashion')
    model.score_thresh = .2
    imgs = [img for img, _, _ in SyntheticFashionDataset(2)[:]]
    expected = model.predict(imgs)
    assert sum(len(bbox) for bbox in expected[0]) > 2
    model.to_device(f'@cupy:{gpu}')
    for found_column, expected_column, atol in zip(
            model.predict([imgs[0], model.device.send(imgs[1])]), expected,
            (.1, 0, 1e-3), strict=True):
        for found, array in zip(found_column, expected_column, strict=True):
            assert type(found) is np.ndarray and found.dtype == array.dtype
            np.testing.assert_allclose(found, array, rtol=0, atol=atol)


def test_presets():
    """The thresholds of retrieval, those of ChainerCV's evaluation."""
    model = FashionSSD300()
    assert (model.nms_thresh, model.score_thresh) == (.45, .3)
    model.use_preset('evaluate')
    assert (model.nms_thresh, model.score_thresh) == (.45, .01)
    model.use_preset('visualize')
    assert model.score_thresh == .3
    with pytest.raises(ValueError):
        model.use_preset('retrieve')
