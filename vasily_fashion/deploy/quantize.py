import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

# Instructions that add products of 8-bit numbers up in 32 bits. Without them
# two products meet in 16 bits, which overflow unless weights keep to 7.
_WIDE_SUM_FLAGS = {'avx512_vnni', 'avx_vnni', 'amx_int8', 'asimddp'}
# Share of the multiplications below which a layer is not worth its rounding.
_CHEAP = 0.01


def quantize(
        onnx_path: str | os.PathLike[str], xs: Sequence[np.ndarray],
        out: str | os.PathLike[str]) -> None:
    """Write an int8 version of a network for OpenVINO.

    Post-training quantisation by NNCF: activations and weights of
    convolutions and of the fully connected layer take 8 bits, their ranges
    are those seen on the calibration images, and the shift of each layer's
    mean is put into its bias. Weights keep to 7 bits where this CPU has no
    VNNI or its like. The first convolution, which sees the pixels, and layers
    that take under 1 % of the multiplications, such as the last ones of
    StyleExtractorBN, stay in float32: 3 % of either network's work.

    Args:
        onnx_path (str or path): The network.
        xs (list of numpy.ndarray): Prepared images, each :math:`(3, H, W)`.
        out (str or path): The .xml to write; its .bin comes beside it.

    Raises:
        ImportError: If NNCF is missing; the message says how to get it.
    """
    import openvino as ov

    nncf = _import_nncf()
    model = ov.Core().read_model(onnx_path)
    model.reshape([1, *list(model.input().partial_shape)[1:]])
    overflow_fix = (
        nncf.OverflowFix.DISABLE if sums_are_wide() else
        nncf.OverflowFix.ENABLE)
    model = nncf.quantize(
        model, nncf.Dataset([x[np.newaxis] for x in xs]),
        preset=nncf.QuantizationPreset.MIXED, subset_size=len(xs),
        ignored_scope=nncf.IgnoredScope(names=_float_layers(model)),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=overflow_fix))
    ov.save_model(model, str(out), compress_to_fp16=False)


def _float_layers(model):
    n_product = {}
    for op in model.get_ordered_ops():
        if op.get_type_name() in ('Convolution', 'MatMul'):
            places = list(op.output(0).get_shape())[2:]  # none of a matrix
            n_product[op.get_friendly_name()] = (
                np.prod(list(op.input(1).get_shape())) * np.prod(places))
    limit = _CHEAP * sum(n_product.values())
    first = next(iter(n_product))
    return [name for name, n in n_product.items()
            if name == first or n < limit]


def sums_are_wide() -> bool:
    """Whether this CPU sums products of 8-bit numbers in 32 bits."""
    info = Path('/proc/cpuinfo')
    return info.exists() and bool(
        _WIDE_SUM_FLAGS & set(info.read_text().split()))


def _import_nncf():
    # NNCF reports its use to a server otherwise
    os.environ.setdefault('NNCF_CI', '1')
    try:
        import nncf
    except ImportError as error:
        raise ImportError(
            "precision='int8' needs NNCF: pip install nncf (it asks for a "
            'NumPy older than 2.5)') from error
    logging.getLogger('nncf').setLevel(logging.ERROR)
    return nncf
