import copy
import warnings
from typing import TYPE_CHECKING

from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.links.style_extractor.chainer_v1_batch_normalization import (
    ChainerV1BatchNormalization,
)

import chainer
import numpy as np

if TYPE_CHECKING:
    import onnx

# Of F.normalize, which ChainerCV's SSD leaves as it is.
_NORMALIZE_EPS = np.array(1e-5, np.float32)


def export_onnx(
        link: chainer.Chain, insize: tuple[int, int],
        n_output: int) -> 'onnx.ModelProto':
    """Export a link as an ONNX model that takes batches of any size.

    The graph is onnx_chainer's, which is made for the batch that it saw. Here
    the first dimension of input and outputs is left open, and the weights are
    constants.

    Args:
        link (chainer.Chain): Its ``forward`` takes one batch of images.
        insize (tuple of int): (height, width) of the images.
        n_output (int): How many arrays ``forward`` returns.

    Returns:
        onnx.ModelProto: With the input ``x`` of shape (batch, 3, height,
        width), and the outputs ``y0``, ``y1``, ... in ``forward``'s order.
    """
    import onnx_chainer

    x = np.zeros((1, 3, *insize), np.float32)
    # not link.copy(), which shares SSD's default boxes and moves them along
    link = copy.deepcopy(link)
    if isinstance(link, StyleExtractorBN):
        link.train = False  # whatever a caller in Chainer v1's manner has set
    with warnings.catch_warnings():
        # Chainer's own call of to_cpu, and opsets newer than onnx_chainer
        warnings.simplefilter('ignore')
        link.to_device('@numpy')
        for child in link.links():
            if isinstance(child, ChainerV1BatchNormalization):
                # onnx_chainer takes the statistics as they are kept
                child.avg_var = child.test_var
        model = onnx_chainer.export(
            link, x, opset_version=11, input_names=['x'],
            output_names=[f'y{i}' for i in range(n_output)])
    _spell_out_normalization(model.graph)
    _make_weights_constant(model.graph)
    _open_batch(model.graph)
    return model


def _spell_out_normalization(graph):
    # As F.normalize does it. LpNormalization has no eps, and in int8 OpenVINO
    # 2026.4 makes NaN of it at many places of a small norm.
    from onnx import helper, numpy_helper

    nodes = []
    for node in graph.node:
        if node.op_type != 'LpNormalization':
            nodes.append(node)
            continue
        x, = node.input
        y, = node.output
        axis, = (a.i for a in node.attribute if a.name == 'axis')
        graph.initializer.append(
            numpy_helper.from_array(_NORMALIZE_EPS, f'{y}_eps'))
        nodes += [
            helper.make_node(
                'ReduceL2', [x], [f'{y}_norm'], axes=[axis], keepdims=1),
            helper.make_node(
                'Add', [f'{y}_norm', f'{y}_eps'], [f'{y}_norm_eps']),
            helper.make_node('Div', [x, f'{y}_norm_eps'], [y], name=node.name)]
    del graph.node[:]
    graph.node.extend(nodes)


def _make_weights_constant(graph):
    # An initializer that is also an input may be overridden by a caller.
    weights = {initializer.name for initializer in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)


def _open_batch(graph):
    from onnx import numpy_helper

    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = 'batch'
    del graph.value_info[:]  # the shapes in between, for a batch of one
    shapes = {node.input[1] for node in graph.node if node.op_type == 'Reshape'}
    for node in graph.node:
        if node.op_type == 'Constant' and node.output[0] in shapes:
            tensor = node.attribute[0].t
            shape = numpy_helper.to_array(tensor).copy()
            shape[0] = 0  # as in the input
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))
