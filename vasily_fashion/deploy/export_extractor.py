from typing import TYPE_CHECKING

from vasily_fashion.deploy._onnx_text import merge_onnx, onnx_text
from vasily_fashion.deploy.export_onnx import export_onnx
from vasily_fashion.links import StyleExtractorBN

import numpy as np

if TYPE_CHECKING:
    import onnx

# Each of the `to` pixels is the mean over its area of the `from` pixels. The share of a
# `from` pixel is the part of that area that it overlaps, as in cv2.INTER_AREA. The
# antialias of Resize, in opset 18, has other weights.
_AREA = '''
    {axis}_from = Gather<axis = 0>(grown, {axis}_number)
    {axis}_to = Gather<axis = 0>(inner, {axis}_number)
    {axis}_step = Div({axis}_from, {axis}_to)
    {axis}_to_row = Range(zero, {axis}_to, one)
    {axis}_index = Unsqueeze<axes = [1]>({axis}_to_row)
    {axis}_next = Add({axis}_index, one)
    {axis}_begin = Mul({axis}_index, {axis}_step)
    {axis}_end = Mul({axis}_next, {axis}_step)
    {axis}_pixel = Range(zero, {axis}_from, one)
    {axis}_pixel_end = Add({axis}_pixel, one)
    {axis}_first = Max({axis}_begin, {axis}_pixel)
    {axis}_last = Min({axis}_end, {axis}_pixel_end)
    {axis}_signed = Sub({axis}_last, {axis}_first)
    {axis}_overlap = Max({axis}_signed, zero)
    {axis}_share = Div({axis}_overlap, {axis}_step)
    {axis}_area = Cast<to = 1>({axis}_share)
'''
# This is letterbox. Resize enlarges an image, and the areas above shrink it. Where one of
# them changes the image, the other leaves it as it is. Sizes are doubles, as in letterbox.
_PREPARE = '''
prepare (uint8[height, width, 3] image) => (float[1, 3, h, w] prepared) {
    shape = Shape(image)
    int_size = Slice(shape, int_zero, int_two)
    size = Cast<to = 11>(int_size)
    scales = Div(insize, size)
    scale = ReduceMin<keepdims = 0>(scales)
    scaled = Mul(size, scale)
    rounded = Round(scaled)
    at_least_one = Max(rounded, one)
    inner = Min(at_least_one, insize)
    grown = Max(size, inner)

    pixels = Cast<to = 1>(image)
    channels = Transpose<perm = [2, 0, 1]>(pixels)
    photos = Unsqueeze<axes = [0]>(channels)
    int_grown = Cast<to = 7>(grown)
    grown_shape = Concat<axis = 0>(photo_and_channels, int_grown)
    enlarged = Resize<mode = "linear", coordinate_transformation_mode = "half_pixel">(
        photos, none, none, grown_shape)
''' + _AREA.format(axis='y') + _AREA.format(axis='x') + '''
    x_area_columns = Transpose<perm = [1, 0]>(x_area)
    narrowed = MatMul(enlarged, x_area_columns)
    shrunk = MatMul(y_area, narrowed)
    scaled_pixels = Div(shrunk, white)

    int_inner = Cast<to = 7>(inner)
    rest = Sub(int_insize, int_inner)
    before = Div(rest, int_two)
    after = Sub(rest, before)
    pads = Concat<axis = 0>(no_pads, before, no_pads, after)
    prepared = Pad(scaled_pixels, pads, fill)
}
'''
_EMBED = '''
squeeze (float[1, n] embeddings) => (float[n] embedding) {
    embedding = Squeeze<axes = [0]>(embeddings)
}
'''


def export_extractor(extractor: StyleExtractorBN) -> 'onnx.ModelProto':
    """Export an extractor as an ONNX model that needs nothing beside it.

    :meth:`StyleExtractorBN.prepare` is in the graph. Shrinking multiplies by
    matrices, which for a whole photo of 12 million pixels takes longer than
    the network: give crops.

    Args:
        extractor (StyleExtractorBN): The extractor.

    Returns:
        onnx.ModelProto: With the input ``image``, uint8 RGB of shape (height,
        width, 3) and any size, and the output ``embedding``, (128,), float32,
        the row of :meth:`StyleExtractorBN.extract` for it.
    """
    net = export_onnx(extractor, extractor.insize, n_output=1)
    prepare = onnx_text(_PREPARE, {
        'insize': np.array(extractor.insize, np.float64),
        'int_insize': np.array(extractor.insize),
        'zero': np.float64(0), 'one': np.float64(1),
        'y_number': np.array(0), 'x_number': np.array(1),
        'int_zero': np.array([0]), 'int_two': np.array([2]),
        'photo_and_channels': np.array([1, 3]), 'no_pads': np.array([0, 0]),
        'none': np.zeros(0, np.float32), 'white': np.float32(255), 'fill': np.float32(1)})
    model = merge_onnx(prepare, net, [('prepared', 'x')])
    return merge_onnx(model, onnx_text(_EMBED, {}), [('y0', 'embeddings')])
