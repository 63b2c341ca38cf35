import copy
import json
from typing import TYPE_CHECKING

from vasily_fashion.deploy._onnx_text import merge_onnx, onnx_text
from vasily_fashion.deploy.export_onnx import export_onnx
from vasily_fashion.links import FashionSSD300

import numpy as np
from chainercv.links.model.ssd import MultiboxCoder

if TYPE_CHECKING:
    import onnx

# SSD._prepare, and the factor of resize_bbox
_PREPARE = '''
prepare (uint8[height, width, 3] image) => (float[1, 3, h, w] prepared, float[4] scale) {
    pixels = Cast<to = 1>(image)
    channels = Transpose<perm = [2, 0, 1]>(pixels)
    photos = Unsqueeze<axes = [0]>(channels)
    resized = Resize<mode = "linear", coordinate_transformation_mode = "half_pixel">(
        photos, none, none, prepared_shape)
    prepared = Sub(resized, mean)
    shape = Shape(image)
    size = Slice(shape, zero, two)
    corners = Concat<axis = 0>(size, size)
    float_corners = Cast<to = 1>(corners)
    scale = Div(float_corners, insize)
}
'''
# MultiboxCoder.decode. The first class is the background.
_DECODE = '''
decode (float[1, k, 4] loc, float[1, k, c] conf, float[4] scale)
    => (float[r, 4] boxes, int64[r] labels, float[r] scores) {
    loc_centre, loc_size = Split<axis = 2, split = [2, 2]>(loc)
    from_default = Mul(loc_centre, default_step)
    centre = Add(from_default, default_centre)
    log_growth = Mul(loc_size, size_variance)
    growth = Exp(log_growth)
    half_size = Mul(growth, default_half_size)
    lower = Sub(centre, half_size)
    upper = Add(centre, half_size)
    all_boxes = Concat<axis = 2>(lower, upper)

    probability = Softmax<axis = 2>(conf)
    by_class = Transpose<perm = [0, 2, 1]>(probability)
    all_scores = Slice(by_class, first_class, last_class, class_axis)

    selected = NonMaxSuppression(
        all_boxes, all_scores, max_boxes, iou_thresh, score_thresh)
    scores = GatherND(all_scores, selected)
    labels = Gather<axis = 1>(selected, label_column)
    box_index = Gather<axis = 1>(selected, box_column)
    flat_boxes = Squeeze<axes = [0]>(all_boxes)
    network_boxes = Gather<axis = 0>(flat_boxes, box_index)
    boxes = Mul(network_boxes, scale)
}
'''


def export_detector(detector: FashionSSD300) -> 'onnx.ModelProto':
    """Export a detector as an ONNX model that needs nothing beside it.

    Resizing, decoding and non-maximum suppression are in the graph, with the
    detector's `nms_thresh` and `score_thresh`. ``label_names`` of the metadata
    is the list of its classes as JSON, where the detector has names.

    Args:
        detector (FashionSSD300): The detector.

    Returns:
        onnx.ModelProto: With the input ``image``, uint8 RGB of shape (height,
        width, 3) and any size, and the outputs of :meth:`FashionSSD300.predict`
        for it, by label, and within a label by falling score, as there:
        ``boxes``, (R, 4), float32, y_min, x_min, y_max, x_max in pixels of the
        image; ``labels``, (R,), int64; ``scores``, (R,), float32.

    Raises:
        ValueError: If a threshold is not between 0 and 1, or the detector's
            coder is not ChainerCV's.
    """
    from onnx import helper

    if type(detector.coder) is not MultiboxCoder:
        raise ValueError(
            f'the coder is a {type(detector.coder).__name__}, whose decoding cannot be '
            'exported; set a MultiboxCoder')
    for name in 'nms_thresh', 'score_thresh':
        value = getattr(detector, name)
        if value is None or not 0 < value < 1:
            raise ValueError(f'{name} must be between 0 and 1, not {value!r}')
    net = export_onnx(detector, (detector.insize, detector.insize), n_output=2)
    prepare = onnx_text(_PREPARE, {
        'prepared_shape': np.array([1, 3, detector.insize, detector.insize]),
        'mean': np.asarray(detector.mean, np.float32),
        'insize': np.float32(detector.insize),
        'none': np.zeros(0, np.float32), 'zero': np.array([0]), 'two': np.array([2])})
    coder = copy.copy(detector.coder)
    coder.to_cpu()
    centre, size = np.split(coder._default_bbox, 2, axis=1)
    centre_variance, size_variance = coder._variance
    decode = onnx_text(_DECODE, {
        'default_centre': centre.astype(np.float32),
        'default_step': (centre_variance * size).astype(np.float32),
        'default_half_size': (size / 2).astype(np.float32),
        'size_variance': np.float32(size_variance),
        'first_class': np.array([1]),
        'last_class': np.array([detector.n_fg_class + 1]),
        'class_axis': np.array([1]),
        'max_boxes': np.array([len(centre)]),
        'iou_thresh': _just_below(detector.nms_thresh),
        'score_thresh': _just_below(detector.score_thresh),
        'label_column': np.array(1), 'box_column': np.array(2)})
    model = merge_onnx(prepare, net, [('prepared', 'x')])
    model = merge_onnx(
        model, decode, [('y0', 'loc'), ('y1', 'conf'), ('scale', 'scale')])
    if detector.label_names is not None:
        helper.set_model_props(
            model, {'label_names': json.dumps(detector.label_names)})
    return model


def _just_below(thresh):
    # ChainerCV counts what is at the threshold, ONNX what is above it
    return np.nextafter(np.float32([thresh]), np.float32(0))
