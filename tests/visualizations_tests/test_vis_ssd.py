import copy

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.visualizations import vis_default_boxes, vis_ssd_network
from vasily_fashion.visualizations.vis_default_boxes import match_default_boxes
from vasily_fashion.visualizations.vis_ssd_network import feature_maps

import numpy as np
import pytest
from chainercv.utils import bbox_iou


@pytest.fixture(scope='module')
def model():
    return FashionSSD300()


@pytest.fixture(scope='module')
def snap():
    return SyntheticFashionDataset(2, 5)[1]


def test_feature_maps_are_those_of_the_paper(model):
    blocks = {name: (shape, ratios) for name, shape, ratios in feature_maps(model)}
    predicting = {name: shape for name, (shape, ratios) in blocks.items() if ratios}
    assert predicting == {
        'conv4_3': (512, 38, 38), 'conv7': (1024, 19, 19),
        'conv8_2': (512, 10, 10), 'conv9_2': (256, 5, 5),
        'conv10_2': (256, 3, 3), 'conv11_2': (256, 1, 1)}
    assert blocks['conv1_2'][0] == (64, 300, 300)
    assert blocks['conv5_3'] == ((512, 19, 19), None)


def test_network_is_drawn(model, snap):
    ax = vis_ssd_network(model, snap[0])
    texts = {text.get_text(): text for text in ax.texts}
    assert {'conv1_2', '5,776', '2,166', '600', '150', '36', '4'} <= set(texts)
    assert any('8,732 default boxes' in text for text in texts)
    assert ax.images[0].get_array().shape[:2] == snap[0].shape[1:]
    vgg, added = (texts[name].get_position()[0] for name in ('VGG16', 'added by SSD'))
    x = {name: text.get_position()[0] for name, text in texts.items()}
    assert x['conv1_2'] < vgg < x['conv7'] < x['conv8_1'] < added < x['conv11_2']


@pytest.mark.parametrize('level', range(6))
def test_matches_are_those_of_overlap(model, snap, level):
    """On the photo as on the square that the network sees: shares stay."""
    img, bbox, label = snap
    boxes, matched = match_default_boxes(
        bbox, label, img.shape[1:], model, level)
    grid = model.extractor.grids[level]
    assert boxes.shape[:2] == matched.shape and len(boxes) == grid ** 2
    iou = bbox_iou(boxes.reshape(-1, 4).astype(np.float32), bbox)
    # the best default box of an item matches however little it overlaps
    overlaps = iou.max(axis=1) >= .5
    assert (matched.ravel() >= 0)[overlaps].all()
    for k, row in zip(matched.ravel()[overlaps], iou[overlaps], strict=True):
        assert k in label[row >= .5]
    assert ((matched.ravel() >= 0) & ~overlaps).sum() <= len(bbox)


def test_default_boxes_are_drawn(model, snap):
    img, bbox, label = snap
    _, matched = match_default_boxes(bbox, label, img.shape[1:], model, 2)
    n_drawn = sum(min(2, (matched == k).sum()) for k in label)
    assert len(bbox) < n_drawn < (matched >= 0).sum()
    ax = vis_default_boxes(img, bbox, label, model, 2)
    assert len(ax.patches) == n_drawn + len(bbox)
    assert len(ax.lines) == n_drawn + 2 * 9  # dots, and the 10 x 10 grid
    with pytest.raises(ValueError, match='level must be 0 to 5'):
        vis_default_boxes(img, bbox, label, model, 6)


@pytest.mark.gpu
def test_default_boxes_of_a_detector_on_a_gpu(model, snap):
    _, bbox, label = snap
    on_gpu = model.copy()
    on_gpu.coder = copy.copy(model.coder)
    on_gpu.to_device('@cupy:0')
    for found, expected in zip(
            *(match_default_boxes(bbox, label, (90, 60), detector, 1)
              for detector in (on_gpu, model)), strict=True):
        np.testing.assert_array_equal(found, expected)
