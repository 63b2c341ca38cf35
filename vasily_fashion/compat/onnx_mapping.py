"""What ONNX-Chainer took from ``onnx.mapping``, which onnx 1.19 removed."""
import numpy
from onnx import helper


class _NpTypeToTensorType:

    def __getitem__(self, dtype):
        return helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))


#: NumPy dtype -> ONNX tensor type; read with ``[dtype]`` only.
NP_TYPE_TO_TENSOR_TYPE = _NpTypeToTensorType()


def storage_tensor_type_to_field(tensor_type):
    """The field of a TensorProto that holds readable values of a type.

    Args:
        tensor_type (int): ONNX tensor type.

    Returns:
        str: Name of the field. :obj:`None` if values of this type are not
        stored as themselves but as bits (float16), in parts (complex), or as
        integers that protobuf 6 and newer make of no bool.

    """
    if tensor_type in _NOT_AS_THEMSELVES:
        return None
    return helper.tensor_dtype_to_field(tensor_type)


_NOT_AS_THEMSELVES = tuple(
    helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
    for dtype in ('bool', 'float16', 'complex64', 'complex128'))
