import numpy as np
from chainercv.utils import bbox_iou


def match_detections(
        pred_bbox: np.ndarray, pred_score: np.ndarray, gt_bbox: np.ndarray,
        pred_label: np.ndarray | None = None,
        gt_label: np.ndarray | None = None,
        iou_thresh: float = 0.) -> np.ndarray:
    """Choose the detection that best matches each item of an image.

    It follows the retrieval benchmark of DeepFashion2 [#]_: each detection
    belongs to the item that it overlaps most. The detection with the highest
    score stands for its item. An item without a detection is a miss.

    .. [#] Yuying Ge, Ruimao Zhang, Xiaogang Wang, Xiaoou Tang, Ping Luo.
       DeepFashion2: A Versatile Benchmark for Detection, Pose Estimation,
       Segmentation and Re-Identification of Clothing Images. CVPR 2019.

    Args:
        pred_bbox (array): The detected boxes, :math:`(P, 4)`,
            :math:`(y_{min}, x_{min}, y_{max}, x_{max})`.
        pred_score (array): :math:`(P,)`.
        gt_bbox (array): The boxes of the items, :math:`(R, 4)`.
        pred_label (array): With :obj:`gt_label`: a detection counts only if
            its category is the item's. :math:`(P,)`.
        gt_label (array): :math:`(R,)`.
        iou_thresh (float): A detection counts only from this overlap with its
            item. By default there is no minimum, not even any overlap, as in
            DeepFashion2.

    Returns:
        numpy.ndarray:
        :math:`(R,)`, int: for each item the index of its detection, -1 for a
        miss.

    Raises:
        ValueError: One of the labels is given without the other.

    """
    if (pred_label is None) != (gt_label is None):
        raise ValueError('give both pred_label and gt_label, or neither')
    chosen = np.full(len(gt_bbox), -1)
    if len(pred_bbox) == 0 or len(gt_bbox) == 0:
        return chosen
    iou = bbox_iou(np.asarray(pred_bbox), np.asarray(gt_bbox))
    item = iou.argmax(axis=1)
    counts = iou.max(axis=1) >= iou_thresh
    if pred_label is not None:
        counts &= np.asarray(pred_label) == np.asarray(gt_label)[item]
    # from the lowest score to the highest, which stays; of equals the first
    for i in np.argsort(-np.asarray(pred_score), kind='stable')[::-1]:
        if counts[i]:
            chosen[item[i]] = i
    return chosen
