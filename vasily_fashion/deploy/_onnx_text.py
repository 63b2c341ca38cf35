from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

# The opset of export_onnx, so that models can be merged. It is of 2019: every ONNX
# Runtime of today runs it.
_HEAD = '<ir_version: 6, opset_import: ["": 11]> '


def onnx_text(text: str, constants: dict[str, npt.ArrayLike]) -> 'onnx.ModelProto':
    """Parse a model from ONNX's text syntax, with arrays for the names in it."""
    from onnx import numpy_helper, parser

    model = parser.parse_model(_HEAD + text)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(array), name)
        for name, array in constants.items())
    return model


def merge_onnx(
        first: 'onnx.ModelProto', second: 'onnx.ModelProto',
        io_map: list[tuple[str, str]]) -> 'onnx.ModelProto':
    """Connect outputs of one model to inputs of another."""
    from onnx import compose

    first.ir_version = second.ir_version = 6
    model = compose.merge_models(first, second, io_map, producer_name='vasily_fashion')
    del model.opset_import[1:]  # the same one, of the second
    return model
