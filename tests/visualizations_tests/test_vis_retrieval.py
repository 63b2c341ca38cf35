import subprocess
import sys
import warnings

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.retrieval import RetrievedItem
from vasily_fashion.visualizations import vis_retrieval

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle


def _item(bbox, category=0, score=0.5, ids=(1, 2), name=None):
    if name is None and category is not None and category < len(FASHION_CATEGORIES):
        name = FASHION_CATEGORIES[category]
    return RetrievedItem(
        np.array(bbox, dtype=np.float32), category, score,
        np.arange(len(ids), dtype=np.float32) / 8, np.array(ids), name)


def _img(size=(90, 60)):
    return np.full((3,) + size, 128, dtype=np.float32)


def _product_image(i):
    """Of one colour, so that it is found again."""
    return np.full((3, 30, 20), int(i), dtype=np.float32)


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def _render(ax):
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())[:, :, :3]


def test_draws_what_was_found():
    items = [_item([10, 10, 50, 40], 3, 0.6, (11, 12, 13)),
             _item([60, 20, 80, 50], 2, 0.9, (14, 15, 16))]
    ax = vis_retrieval(_img(), items, _product_image, 'photo.jpg')
    assert isinstance(ax, Axes)
    texts = _texts(ax)
    assert texts[0] == 'photo.jpg'
    # best first
    for text in ('1 footwear', '1 footwear 0.90', '2 outer', '2 outer 0.60',
                 '11', '16'):
        assert texts.count(text) == 1, text
    assert texts.count('0.125') == 2  # second neighbours
    # snap, two crops, six product images
    assert len(ax.images) == 9
    shown = [int(image.get_array()[0, 0, 0]) for image in ax.images]
    assert shown == [128, 128, 14, 15, 16, 128, 11, 12, 13]
    pixels = _render(ax)
    assert (pixels == 13).all(axis=2).any()


def test_own_class():
    texts = _texts(vis_retrieval(
        _img(), [_item([10, 10, 50, 40], 0, .5, name='kimono')], _product_image))
    assert '1 kimono 0.50' in texts


def test_boxes_are_where_they_are_on_the_photo():
    ax = vis_retrieval(_img(), [_item([9, 6, 45, 54], 7)], _product_image)
    left, right, bottom, top = ax.images[0].get_extent()
    box = [p for p in ax.patches if isinstance(p, Rectangle)
           and not p.get_fill() and p.get_x() < right][-1]
    assert box.get_y() == pytest.approx(top + (bottom - top) * 0.1)
    assert box.get_x() == pytest.approx(left + (right - left) * 0.1)
    assert box.get_height() == pytest.approx((bottom - top) * 0.4)
    assert box.get_width() == pytest.approx((right - left) * 0.8)


def test_a_colour_for_each_category():
    colours = set()
    for category in range(len(FASHION_CATEGORIES)):
        ax = vis_retrieval(
            _img(), [_item([10, 10, 50, 40], category)], _product_image)
        tag, = {p.get_facecolor() for p in ax.patches
                if p.get_fill() and p.get_facecolor()[:3] != (1, 1, 1)}
        frames = {p.get_edgecolor() for p in ax.patches if not p.get_fill()}
        assert tag in frames  # photo, crop and tags are alike
        colours.add(tag)
        # white letters are legible: contrast of 3 or more (WCAG, large)
        r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4
                   for x in to_rgb(tag))
        assert 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) >= 3
    assert len(colours) == len(FASHION_CATEGORIES)


def test_tags_do_not_cover_each_other():
    rng = np.random.RandomState(0)
    items = [_item([y, x, y + 25, x + 20], i % 12, 0.5 + i / 20)
             for i, (y, x) in enumerate(rng.uniform(5, 25, (7, 2)))]
    ax = vis_retrieval(_img(), items, _product_image)
    tags = [p for p in ax.patches if p.get_fill()
            and p.get_facecolor()[:3] != (1, 1, 1)]
    assert len(tags) == 14
    boxes = [(p.get_x(), p.get_y(), p.get_x() + p.get_width(),
              p.get_y() + p.get_height()) for p in tags]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert (a[0] >= b[2] - 1e-6 or b[0] >= a[2] - 1e-6
                    or a[1] >= b[3] - 1e-6 or b[1] >= a[3] - 1e-6)


def test_letters_stay_in_their_cells():
    items = [_item([10, 10, 50, 40], 11, 0.77, (
        'a/very/long/folder/and/the/name.jpg', 'b' * 300))]
    ax = vis_retrieval(_img(), items, _product_image_of_any, 'x' * 500)
    ax.figure.canvas.draw()
    inverse = ax.transData.inverted()
    cells = [image.get_extent() for image in ax.images[1:]]
    for text in ax.texts:
        box = text.get_window_extent().transformed(inverse)
        if box.x0 > min(cell[0] for cell in cells) - 0.1:
            assert box.width < 1.06, text.get_text()
        else:
            assert box.x1 < min(cell[0] for cell in cells)
    assert any(text.endswith('name.jpg') for text in _texts(ax))


def _product_image_of_any(name):
    return _product_image(9)


def test_no_items():
    ax = vis_retrieval(_img(), [], _product_image)
    assert _texts(ax) == ['no item found']
    assert len(ax.images) == 1
    assert (_render(ax) == 128).all(axis=2).any()


def test_no_neighbours():
    ax = vis_retrieval(
        _img(), [_item([10, 10, 50, 40], ids=())], _product_image)
    assert 'no product image' in _texts(ax)


def test_own_box_without_category_and_score():
    ax = vis_retrieval(
        _img(), [_item([10, 10, 50, 40], None, float('nan'))], _product_image)
    assert _texts(ax).count('1 item') == 2


@pytest.mark.parametrize('size', [(1, 1), (10000, 20), (20, 10000)])
def test_extreme_sizes(size):
    items = [_item([0, 0, *size], 1), _item([0, 0, *size], 2)]
    ax = vis_retrieval(_img(size), items, _product_image)
    assert _render(ax).shape[0] < 1000
    for image in ax.images:
        left, right, bottom, top = image.get_extent()
        assert 0 <= left < right <= ax.get_xlim()[1]
        assert 0 <= top < bottom <= ax.get_ylim()[0]


def test_boxes_beyond_the_photo_are_cut():
    ax = vis_retrieval(
        _img(), [_item([-50, -50, 500, 500])], _product_image)
    left, right, bottom, top = ax.images[0].get_extent()
    for patch in ax.patches:
        assert patch.get_x() >= left - 1e-6
        assert patch.get_y() + patch.get_height() <= ax.get_ylim()[0]


def test_draws_in_the_callers_axes():
    fig = Figure(figsize=(5, 4))
    ax = fig.add_subplot(1, 2, 2)
    assert vis_retrieval(
        _img(), [_item([10, 10, 50, 40])], _product_image, ax=ax) is ax
    assert fig.axes == [ax]


def test_dollars_and_other_scripts_are_no_errors():
    ax = vis_retrieval(_img(), [], _product_image, '$x^$ 服 \n photo.jpg')
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Glyph .* missing')
        _render(ax)
    assert _texts(ax)[0] == '$x^$ 服 photo.jpg'


def test_pyplot_is_left_alone():
    code = (
        'import sys, numpy as np, vasily_fashion\n'
        'from vasily_fashion.visualizations import vis_retrieval\n'
        'ax = vis_retrieval(np.zeros((3, 9, 9), "f"), [], None)\n'
        'ax.figure.canvas.draw()\n'
        'plt = sys.modules.get("matplotlib.pyplot")\n'
        'assert plt is None or not plt.get_fignums()\n')
    subprocess.run([sys.executable, '-c', code], check=True)
