from typing import Any

from chainer import backend
from chainercv.links.model.ssd import MultiboxCoder
from chainercv.utils import bbox_iou

# A box of a lower score has no vote.
_MIN_SCORE = 0.01


class VotingMultiboxCoder(MultiboxCoder):
    """A coder that averages each box with those it suppresses (box voting).

    Box voting [#]_: each box that non-maximum suppression leaves becomes the
    mean, weighted by their scores, of all boxes of its category that overlap
    it much. Which boxes are left, their labels and scores are those of
    ChainerCV's coder, and so is encoding.

    It takes the place of a detector's own, before or after its training::

        detector.coder = VotingMultiboxCoder(detector.coder)

    .. [#] Spyros Gidaris, Nikos Komodakis. Object Detection via a
       Multi-Region and Semantic Segmentation-Aware CNN Model. ICCV 2015.

    Args:
        coder (chainercv.links.model.ssd.MultiboxCoder): Where the default
            boxes come from.
        vote_thresh (float): The overlap (IoU) from which a box has a vote.

    Attributes:
        vote_thresh (float): See above.

    Raises:
        ValueError: If `vote_thresh` is not between 0 and 1.
    """

    def __init__(
            self, coder: MultiboxCoder, vote_thresh: float = 0.6) -> None:
        if not 0 < vote_thresh < 1:
            raise ValueError(
                f'vote_thresh must be between 0 and 1, not {vote_thresh!r}')
        self.__dict__.update(vars(coder))
        self.vote_thresh = vote_thresh

    def decode(
            self, mb_loc: Any, mb_conf: Any, nms_thresh: float | None = 0.45,
            score_thresh: float = 0.6) -> tuple[Any, Any, Any]:
        """Decode the network's outputs for one image.

        Args:
            mb_loc, mb_conf, nms_thresh, score_thresh: As of
                :meth:`chainercv.links.model.ssd.MultiboxCoder.decode`. Boxes
                of lower scores have a vote too. Nothing votes where nothing is
                suppressed, with a :obj:`nms_thresh` of :obj:`None`.

        Returns:
            tuple of three arrays:
            (bbox, label, score) as there: :math:`(R, 4)` float32,
            :math:`(R,)` int32 and :math:`(R,)` float32.
        """
        bbox, label, score = super().decode(
            mb_loc, mb_conf, nms_thresh, score_thresh)
        if nms_thresh is None or len(bbox) == 0:
            return bbox, label, score
        xp = backend.get_array_module(bbox)
        all_bbox, all_label, all_score = super().decode(
            mb_loc, mb_conf, None, min(score_thresh, _MIN_SCORE))
        for i in range(mb_conf.shape[1] - 1):
            mine, voters = label == i, all_label == i
            weight = xp.where(
                bbox_iou(bbox[mine], all_bbox[voters]) >= self.vote_thresh,
                all_score[voters], 0)
            bbox[mine] = weight @ all_bbox[voters] / weight.sum(
                axis=1, keepdims=True)
        return bbox, label, score
