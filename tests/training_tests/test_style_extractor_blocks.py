from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.training.style_extractor_blocks import FirstBlocks, LaterBlocks

import chainer
import numpy as np
import pytest


@pytest.fixture(scope='module')
def model():
    """A model whose statistics are not the initial ones."""
    model = StyleExtractorBN()
    random_state = np.random.RandomState(0)
    for link in model.children():
        if link.name.startswith('bn'):
            link.avg_mean[:] = random_state.uniform(-.1, .1, link.avg_mean.size)
            link.avg_var[:] = random_state.uniform(.1, 1, link.avg_var.size)
    return model


@pytest.mark.parametrize(
    'n_block, shape', [(1, (64, 96, 64)), (2, (128, 24, 16)), (3, (256, 6, 4))])
def test_together_they_are_the_extractor(model, n_block, shape):
    x = np.random.RandomState(1).uniform(size=(1, 3, 384, 256)).astype(np.float32)
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        h = FirstBlocks(model, n_block)(x)
        assert h.shape == (1, *shape)
        np.testing.assert_allclose(
            LaterBlocks(model, n_block)(h).array, model(x).array, rtol=1e-5)


def test_dropout_comes_before_each_later_block(model, monkeypatch):
    ratios = []
    dropout = chainer.functions.dropout
    monkeypatch.setattr(
        chainer.functions, 'dropout',
        lambda x, ratio: ratios.append((x.shape[1:], ratio)) or dropout(x, ratio))
    x = np.zeros((2, 3, 384, 256), np.float32)
    model.copy('copy')(x)
    whole, ratios[:] = list(ratios), []
    assert len(whole) == 3
    parts = model.copy('copy')
    LaterBlocks(parts, 1)(FirstBlocks(parts, 1)(x).array)
    assert ratios == whole
