import functools

import chainer
import numpy as np
from chainercv.utils.bbox import non_maximum_suppression as module

# Boxes whose overlaps are computed at a time: beside the cost of a call, a
# row of a box that is suppressed after all costs little.
_N_ROW = 64


def _suppress(bbox, thresh, score=None, limit=None):
    """What ChainerCV selects, with a pass for many boxes, not for each box.

    Args and what is returned are those of
    :func:`chainercv.utils.non_maximum_suppression`, and the overlaps are
    rounded alike: the same boxes are selected.
    """
    order = np.arange(len(bbox)) if score is None else score.argsort()[::-1]
    bbox = bbox[order]
    selected = []
    while len(bbox) and (limit is None or len(selected) < limit):
        suppresses = _overlap(bbox[:_N_ROW], bbox) >= thresh
        dead = np.zeros(len(bbox), bool)
        for i, row in enumerate(suppresses):
            if not dead[i]:
                selected.append(order[i])
                dead |= row
        alive = ~dead[_N_ROW:]
        order, bbox = order[_N_ROW:][alive], bbox[_N_ROW:][alive]
    return np.array(selected[:limit], np.int32)


def _overlap(bbox_a, bbox_b):
    """Intersection over union, (A, B); NaN where neither has an area."""
    y_min, x_min, y_max, x_max = np.ascontiguousarray(bbox_a.T)[:, :, None]
    sides = np.ascontiguousarray(bbox_b.T)
    top, bottom = np.maximum(y_min, sides[0]), np.minimum(y_max, sides[2])
    left, right = np.maximum(x_min, sides[1]), np.minimum(x_max, sides[3])
    common = (bottom - top) * (right - left)
    common *= (top < bottom) & (left < right)
    area_a = (y_max - y_min) * (x_max - x_min)
    area_b = (sides[2] - sides[0]) * (sides[3] - sides[1])
    return common / (area_b + area_a - common)


def install():
    """Put the accelerated suppression of boxes on CPUs in place."""
    original = module._non_maximum_suppression_cpu
    if hasattr(original, '__wrapped__'):
        return

    @functools.wraps(original)
    def suppress(bbox, thresh, score=None, limit=None):
        if chainer.config.accelerate:
            return _suppress(bbox, thresh, score, limit)
        return original(bbox, thresh, score, limit)

    module._non_maximum_suppression_cpu = suppress
