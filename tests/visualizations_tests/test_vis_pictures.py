from vasily_fashion.retrieval import RetrievedItem
from vasily_fashion.visualizations import vis_overview, vis_title, vis_triplet_network

import numpy as np
import pytest


def _img(h, w, seed=0):
    return np.random.default_rng(seed).uniform(
        0, 255, (3, h, w)).astype(np.float32)


def _items(n):
    return [RetrievedItem(
        np.array([10 * i, 5, 10 * i + 20, 40], np.float32),
        None if i == 1 else 12 * i, .9 - i / 10, np.arange(5, dtype=np.float32),
        np.arange(5), (None if i == 1 else f'class {i}')) for i in range(n)]


@pytest.mark.parametrize('n_item', [0, 1, 6])
@pytest.mark.parametrize('vis', [vis_overview, vis_title])
def test_items_and_products(vis, n_item):
    asked = []

    def product(i):
        asked.append(i)
        return _img(30, 20, i)

    args = ['title'] if vis is vis_title else []
    ax = vis(_img(90, 60), _items(n_item), product, *args)
    n = min(n_item, 4)
    assert asked == [*range(4 if vis is vis_overview else 3)] * n
    # the snap, its crops, the products
    assert len(ax.images) == 1 + len(asked) + n * (vis is vis_overview)
    # pictures keep their shape, and within the axes
    for image in ax.images:
        x0, x1, y0, y1 = image.get_extent()
        h, w, _ = image.get_array().shape
        assert (x1 - x0) / (y1 - y0) == pytest.approx(w / h)
        assert ax.get_xlim()[0] <= x0 < x1 <= ax.get_xlim()[1]
        assert ax.get_ylim()[0] <= y0 < y1 <= ax.get_ylim()[1]
    texts = [text.get_text() for text in ax.texts]
    if vis is vis_overview:
        assert ('class 0' in texts) == (n_item > 0)
        assert ('class 2' in texts) == (n_item > 2)
        assert ('no item found' in texts) == (n_item == 0)
    else:
        assert 'title' in texts


@pytest.mark.parametrize('far, loss', [(3., '0.000'), (1., '0.200'), (0., '1.200')])
def test_triplet_network_says_the_loss(far, loss):
    embeddings = np.zeros((3, 20), np.float32)
    embeddings[1, 0] = 1
    embeddings[2, 1] = np.sqrt(far)
    ax = vis_triplet_network(
        [_img(30, 20), _img(20, 20), _img(9, 30)], embeddings)
    texts = ' '.join(text.get_text() for text in ax.texts)
    assert f'loss\n{loss}' in texts and '20 floats' in texts
    assert '|f_q - f_p|^2$\n$= 1.000$' in texts
    assert f'|f_q - f_n|^2$\n$= {far:.3f}$' in texts
