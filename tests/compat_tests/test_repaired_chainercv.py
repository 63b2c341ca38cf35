"""What is repaired in ChainerCV is called and checked."""
import chainer
import chainercv
import numpy as np
import pytest
from chainercv.experimental.links.model.fcis import ProposalTargetCreator
from chainercv.links.model.fpn import BboxHead, MaskHead
from chainercv.utils import bbox_iou
from chainercv.utils.download import strtobool


def test_version():
    assert chainercv.__version__ == '0.13.1'


@pytest.mark.parametrize('word, value', [
    ('on', True), ('yes', True), ('1', True), ('off', False), ('false', False)])
def test_strtobool(word, value):
    assert strtobool(word) is value


def _rois(sizes):
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 200, (len(sizes), 2))
    return np.concatenate(
        (corner, corner + np.array(sizes)[:, None]), axis=1).astype('f')


@pytest.mark.parametrize('Head', [BboxHead, MaskHead])
def test_fpn_head_loss(Head):
    """bbox_head_loss_pre and mask_head_loss_pre stack RoIs by level"""
    scales = (1 / 4, 1 / 8, 1 / 16)
    head = Head(3, scales)
    rois = _rois([20, 60, 300, 25, 110])
    indices = np.zeros(len(rois), dtype=np.int32)
    if Head is BboxHead:
        from chainercv.links.model.fpn import bbox_head_loss_pre
        out = bbox_head_loss_pre(
            [rois[:2], rois[2:4], rois[4:]],
            [indices[:2], indices[2:4], indices[4:]], (0.1, 0.2),
            [rois[:1] + 1], [np.array([1], dtype=np.int32)])
        levels_rois, levels_indices, gt_locs, gt_labels = out
        assert sum(map(len, gt_locs)) == sum(map(len, levels_rois)) > 0
        assert np.concatenate(gt_labels).max() == 2      # foreground, from 1
        assert [len(r) for r in levels_rois] == [
            len(i) for i in levels_indices]
    else:
        from chainercv.links.model.fpn import mask_head_loss_pre
        mask = np.ones((1, 400, 400), dtype=bool)
        level_rois, level_indices, gt_segms, gt_labels = mask_head_loss_pre(
            [rois[:2], rois[2:4], rois[4:]],
            [indices[:2], indices[2:4], indices[4:]], [mask],
            [np.array([[0, 0, 400, 400]], dtype=np.float32)],
            [np.array([1, 1], np.int32), np.array([2, 2], np.int32),
             np.array([0], np.int32)], head.segm_size)
        assert [len(r) for r in level_rois] == [2, 2, 0]
        assert gt_segms[0].shape == (2, head.segm_size, head.segm_size)
        assert np.concatenate(gt_labels).tolist() == [1, 1, 2, 2]


def test_fcis_proposal_target_creator():
    bbox = np.array([[0, 0, 60, 60], [100, 100, 180, 160]], dtype=np.float32)
    label = np.array([1, 4], dtype=np.int32)
    mask = np.zeros((2, 200, 200), dtype=bool)
    mask[0, :60, :60] = True
    mask[1, 100:180, 100:160] = True
    rng = np.random.default_rng(0)
    roi = np.concatenate([np.maximum(bbox + rng.uniform(-4, 4, (2, 4)), 0)
                          for _ in range(8)]).astype(np.float32)
    sample_roi, gt_mask, gt_label, gt_loc = ProposalTargetCreator(
        n_sample=10)(roi, mask, label, bbox)
    assert 0 < len(sample_roi) <= 10
    assert gt_mask.shape == (len(sample_roi), 21, 21)
    assert gt_loc.shape == sample_roi.shape
    iou = bbox_iou(sample_roi, bbox)
    foreground = gt_label > 0
    np.testing.assert_array_equal(
        gt_label[foreground], label[iou.argmax(axis=1)][foreground] + 1)
    assert foreground.any()
    # a RoI that covers its item sees it nearly everywhere
    assert gt_mask[foreground].mean() > 0.7


def test_links_with_a_to_gpu_of_their_own_go_to_their_device():
    # ChainerCV's SSD: the default boxes follow the link
    model = chainercv.links.SSD300(n_fg_class=2)
    model.to_device('@numpy')
    assert isinstance(model.coder._default_bbox, np.ndarray)
    assert model.device == chainer.get_device('@numpy')


def test_own_to_gpu_outside_of_chainercv_is_still_warned_of():
    with pytest.warns(DeprecationWarning, match="Overriding method 'to_gpu'"):
        class Link(chainer.Link):
            def to_gpu(self, device=None):
                return self
