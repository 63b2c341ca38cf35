from vasily_fashion.visualizations import vis_category_map, vis_product_map
from vasily_fashion.visualizations.vis_product_map import nearest_cells

import numpy as np
import pytest


@pytest.mark.parametrize('n, n_side', [(1, 2), (40, 10), (100, 10), (300, 10)])
def test_no_two_images_have_one_cell(n, n_side):
    positions = np.random.default_rng(n).normal(size=(n, 2))
    cells = nearest_cells(positions, n_side)
    assert len(set(cells.values())) == len(cells) <= n_side ** 2
    assert all(0 <= x < n_side for cell in cells.values() for x in cell)
    if n <= 40:
        assert len(cells) == n


def test_images_stay_where_they_belong():
    # corners, x to the right and y upwards; rows go downwards
    cells = nearest_cells([(0, 0), (4, 0), (0, 4), (4, 4), (2, 2)], 5)
    assert cells == {0: (4, 0), 1: (4, 4), 2: (0, 0), 3: (0, 4), 4: (2, 2)}
    # of a crowd each takes one of the cells around
    cells = nearest_cells([(0, 0), *[(2, 2)] * 9, (4, 4)], 5)
    assert {cells[i] for i in range(1, 10)} == {
        (y, x) for y in (1, 2, 3) for x in (1, 2, 3)}


def test_positions_that_are_all_one():
    assert nearest_cells(np.zeros((3, 2)), 4).keys() == {0, 1, 2}


def test_product_map():
    colours = np.array([(255, 0, 0), (0, 0, 255)], np.float32)
    imgs = [np.broadcast_to(c[:, None, None], (3, 20, 10)) for c in colours]
    ax = vis_product_map([(0, 0), (1, 1)], imgs)
    canvas = ax.images[0].get_array()
    h, w, _ = canvas.shape
    for rows, columns, colour in (
            (slice(h // 2, h), slice(0, w // 2), colours[0]),
            (slice(0, h // 2), slice(w // 2, w), colours[1])):
        part = np.asarray(canvas[rows, columns]).reshape(-1, 3)
        share = (part == colour).all(axis=1).mean()
        assert .1 < share < .6  # half of the cell is white
        other = (part == colours[::-1][int(colour[2] > 0)]).all(axis=1)
        assert not other.any()


def test_category_map():
    ax = vis_category_map(
        [(0, 0), (1, 1), (2, 0), (3, 3)], [1, -1, 1, 0], ['bag', 'hat', 'belt'])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        'bag', 'hat']
    of_hat = ax.collections[-1].get_offsets()
    np.testing.assert_array_equal(of_hat, [(0, 0), (2, 0)])
