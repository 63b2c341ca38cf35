import pathlib

from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import save_weights

import chainer
import numpy as np
import pytest

_GOLDEN = (pathlib.Path(__file__).parents[1] / 'data'
           / 'style_extractor_bn_chainer117_seed7.npz')


def _persistents(model):
    return {
        f'{link.name}/{name}': getattr(link, name)
        for link in model.children() for name in link._persistent}


@pytest.fixture(scope='module')
def trained():
    """A model whose statistics are not the initial ones."""
    model = StyleExtractorBN()
    random_state = np.random.RandomState(0)
    for link in model.children():
        if link.name.startswith('bn'):
            link.avg_mean[:] = random_state.uniform(
                -.1, .1, link.avg_mean.size)
            link.avg_var[:] = random_state.uniform(.1, 1, link.avg_var.size)
    return model


@pytest.fixture(scope='module')
def imgs():
    random_state = np.random.RandomState(1)
    return [
        random_state.randint(0, 256, shape).astype(dtype)
        for shape, dtype in (
            ((3, 1, 1), np.float32), ((3, 10_000, 20), np.float32),
            ((3, 60, 80), np.uint8))]


@pytest.fixture(scope='module')
def embeddings(trained, imgs):
    return trained.extract(imgs)


def test_extract_any_size(embeddings, imgs):
    assert embeddings.shape == (len(imgs), 128)
    assert embeddings.dtype == np.float32
    assert np.isfinite(embeddings).all()
    # different images, different embeddings
    distance = ((embeddings[:, None] - embeddings) ** 2).sum(axis=2)
    assert (distance[~np.eye(len(imgs), dtype=bool)] > 1e-4).all()


def test_extract_by_another_batch_size(trained, imgs, embeddings, monkeypatch):
    monkeypatch.setattr(trained, 'batch_size', 2)
    np.testing.assert_allclose(
        trained.extract(iter(imgs)), embeddings, rtol=0,
        atol=1e-5 * np.abs(embeddings).max())


@pytest.mark.parametrize('train', [True, False, None])
def test_extract_is_test_mode_whatever_train_is(
        trained, imgs, embeddings, train):
    model = trained.copy(mode='copy')
    model.train = train
    before = {k: np.copy(v) for k, v in _persistents(model).items()}
    with chainer.using_config('train', True):
        found = model.extract(imgs[2:])
    np.testing.assert_allclose(
        found, embeddings[2:], rtol=0, atol=1e-5 * np.abs(embeddings).max())
    assert model.train is (True if train is None else train)
    for name, value in _persistents(model).items():
        np.testing.assert_array_equal(value, before[name], name)


def test_extract_is_forward_of_prepared_images(trained, imgs, embeddings):
    x = trained.prepare(imgs[2])
    assert x.shape == (3, 384, 256) and x.dtype == np.float32
    # 60 x 80 on 384 x 256: full width, 192 rows in the middle, white around
    assert (x[:, :96] == 1).all() and (x[:, 288:] == 1).all()
    assert 0 <= x[:, 96:288].min() < .2 and .8 < x[:, 96:288].max() <= 1
    assert not (x[:, 96:288] == 1).all(axis=(0, 2)).any()
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        y = trained(x[None])
    np.testing.assert_allclose(
        y.array, embeddings[2:], rtol=0,
        atol=1e-5 * np.abs(embeddings).max())


def test_extract_nothing(trained):
    embeddings = trained.extract([])
    assert embeddings.shape == (0, 128)
    assert embeddings.dtype == np.float32


@pytest.mark.parametrize('img, error', [
    (np.zeros((60, 80, 3), np.float32), ValueError),
    (np.zeros((60, 80), np.float32), ValueError),
    (np.full((3, 6, 8), np.nan, np.float32), ValueError),
    (np.zeros((3, 0, 8), np.float32), ValueError),
    (7, TypeError),
    (None, TypeError),
])
def test_extract_names_the_wrong_image(trained, img, error):
    with pytest.raises(error, match=r'imgs\[1\]'):
        trained.extract([np.zeros((3, 6, 8), np.float32), img])


def test_extract_takes_a_list(trained):
    with pytest.raises(ValueError, match='imgs must be a list'):
        trained.extract(np.zeros((3, 6, 8), np.float32))


def test_untrained_is_finite():
    assert np.isfinite(StyleExtractorBN().extract(
        [np.full((3, 8, 8), 255, np.float32)])).all()


def test_train_follows_config_until_it_is_set():
    model = StyleExtractorBN()
    for train in (True, False):
        with chainer.using_config('train', train):
            assert model.train is train
    with chainer.using_config('train', False):
        model.train = True
        assert model.train is True
        assert chainer.config.train is False
    with chainer.using_config('train', True):
        model.train = False
        assert model.train is False
        model.train = None
        assert model.train is True


def test_names():
    # in the article's order
    assert [link.name for link in StyleExtractorBN().children()] == sorted([
        'conv1_1', 'conv1_2', 'conv2_1', 'conv2_2', 'conv3_1', 'conv3_2',
        'conv4_1', 'fc5', 'bn1_1', 'bn1_2', 'bn2_1', 'bn2_2', 'bn3_1',
        'bn3_2'])


def test_weights_of_chainer_1_17_load(tmp_path):
    # The names of that time, from the recorded run; Chainer 1.17 also wrote
    # the running statistics, and N as a zero-dimensional int64.
    with np.load(_GOLDEN) as golden:
        names = [n[len('init/'):] for n in golden.files if n[:5] == 'init/']
    shapes = {n[1:]: p.shape for n, p in StyleExtractorBN().namedparams()}
    random_state = np.random.RandomState(0)
    arrays = {
        name: random_state.uniform(size=shapes[name]).astype(np.float32)
        for name in names}
    for name in [n for n in names if n.endswith('/gamma')]:
        link = name[:-len('/gamma')]
        for statistic in ('avg_mean', 'avg_var'):
            arrays[f'{link}/{statistic}'] = random_state.uniform(
                size=shapes[name]).astype(np.float32)
        arrays[f'{link}/N'] = np.array(17, np.int64)
    path = tmp_path / 'chainer117.npz'
    np.savez(path, **arrays)

    model = StyleExtractorBN(pretrained_model=path)
    found = {
        **{n[1:]: p.array for n, p in model.namedparams()},
        **_persistents(model)}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, name)
    assert type(model.bn1_1.N) is int


def test_save_and_load(trained, tmp_path):
    path = tmp_path / '重み.npz'
    chainer.serializers.save_npz(path, trained)
    model = StyleExtractorBN(pretrained_model=str(path))
    for (name, a), (_, b) in zip(
            trained.namedparams(), model.namedparams(), strict=True):
        np.testing.assert_array_equal(a.array, b.array, name)
    for name, value in _persistents(trained).items():
        np.testing.assert_array_equal(value, _persistents(model)[name], name)


def test_missing_weights(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.npz'):
        StyleExtractorBN(pretrained_model=tmp_path / 'nowhere.npz')


def test_weights_of_a_detector(tmp_path):
    path = tmp_path / 'ssd.npz'
    save_weights(path, FashionSSD300())
    with pytest.raises(ValueError, match='ssd.npz holds the weights of SSD, a detector'):
        StyleExtractorBN(pretrained_model=path)


def test_a_part_is_for_training_alone(trained, tmp_path):
    path = tmp_path / 'part.npz'
    arrays = {name[1:]: p.array for name, p in trained.namedparams() if '/fc5/' not in name}
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match='part.npz does not fit StyleExtractorBN.*/fc5/W'):
        StyleExtractorBN(pretrained_model=path)
    with pytest.warns(UserWarning, match='/fc5/W, /fc5/b'):
        model = StyleExtractorBN(pretrained_model=path, strict=False)
    np.testing.assert_array_equal(model.conv1_1.W.array, trained.conv1_1.W.array)


@pytest.mark.gpu
@pytest.mark.parametrize('gpu', [0, pytest.param(1, marks=pytest.mark.gpu(2))])
@pytest.mark.parametrize('n_sent', [0, 1, 3])
def test_extract_gpu(trained, imgs, embeddings, n_sent, gpu):
    """GPU 0 is the current one; images of the host, of both, of the GPU."""
    model = trained.copy(mode='copy')
    model.to_device(f'@cupy:{gpu}')
    found = model.extract(model.device.send(imgs[:n_sent]) + imgs[n_sent:])
    assert type(found) is (model.xp.ndarray if n_sent else np.ndarray)
    np.testing.assert_allclose(
        chainer.get_device('@numpy').send(found), embeddings, rtol=0,
        atol=1e-3 * np.abs(embeddings).max())
