from vasily_fashion.retrieval import RetrievedItem
from vasily_fashion.visualizations import vis_retrieval_sheet

import numpy as np
import pytest
from matplotlib.figure import Figure


def _img(size=(90, 60)):
    return np.full((3,) + size, 128, dtype=np.float32)


def _items(n):
    return [RetrievedItem(
        np.array([10, 10, 50, 40], dtype=np.float32), i, 0.5,
        np.zeros(5, dtype=np.float32), np.arange(5)) for i in range(n)]


def _sheet(counts, **kwargs):
    return vis_retrieval_sheet(
        [_img()] * len(counts), [_items(n) for n in counts],
        lambda i: _img((30, 20)), **kwargs)


@pytest.mark.parametrize('n_column', [1, 2, 9])
def test_snaps_do_not_overlap_and_have_one_scale(n_column):
    fig = _sheet([0, 5, 2, 1, 3], n_column=n_column,
                 titles=list('abcde'))
    assert [ax.texts[0].get_text() for ax in fig.axes] == list('abcde')
    fig.canvas.draw()
    boxes = [ax.get_position() for ax in fig.axes]
    for i, a in enumerate(boxes):
        assert a.x0 >= -1e-9 and a.y0 >= -1e-9
        assert a.x1 <= 1 + 1e-9 and a.y1 <= 1 + 1e-9
        for b in boxes[:i]:
            assert (a.x0 >= b.x1 - 1e-9 or b.x0 >= a.x1 - 1e-9
                    or a.y0 >= b.y1 - 1e-9 or b.y0 >= a.y1 - 1e-9)
    scales = [ax.get_window_extent().width / ax.get_xlim()[1]
              for ax in fig.axes]
    np.testing.assert_allclose(scales, scales[0], rtol=1e-6)


def test_columns_are_filled_row_by_row():
    fig = _sheet([1, 1, 1], n_column=2)
    a, b, c = (ax.get_position() for ax in fig.axes)
    assert b.x0 > a.x0 and b.y1 == pytest.approx(a.y1)
    assert c.x0 == a.x0 and c.y1 < a.y0 + 1e-9


def test_one_snap():
    fig = _sheet([3], n_column=2)
    assert len(fig.axes) == 1
    assert fig.axes[0].get_position().width == pytest.approx(1)


def test_draws_in_the_callers_figure():
    fig = Figure()
    assert _sheet([1, 0], fig=fig) is fig
    assert len(fig.axes) == 2


@pytest.mark.parametrize('args, message', [
    (([], []), 'imgs is empty'),
    (([_img()], []), 'equally long.*1, 0 and 1'),
    (([_img()], [[]], None, ['a', 'b']), 'equally long.*1, 1 and 2'),
    (([_img()], [[]], None, None, 0), 'n_column must be'),
])
def test_bad_input(args, message):
    imgs, results, *rest = args
    with pytest.raises(ValueError, match=message):
        vis_retrieval_sheet(imgs, results, *(rest or [None]))
