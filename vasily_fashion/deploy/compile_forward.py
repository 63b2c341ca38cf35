import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

from vasily_fashion.deploy.export_onnx import export_onnx

import chainer
import numpy as np


def compile_forward(
        link: chainer.Chain, insize: tuple[int, int]
) -> Callable[[np.ndarray], np.ndarray]:
    """Compile a link's test-mode forward pass, in float32, with the fastest engine here.

    Nothing is kept on disk, unlike with :func:`~vasily_fashion.deploy.compile_link`.

    Args:
        link (chainer.Chain): Its ``forward`` takes a batch of images and returns
            one variable.
        insize (tuple of int): (height, width) of the images.

    Returns:
        callable: From a batch, :math:`(B, 3, H, W)`, to the output, both
        :class:`numpy.ndarray` of float32: OpenVINO where it and onnx are
        installed and the link is on a CPU, else the link itself.
    """
    if link.device.xp is np and all(map(importlib.util.find_spec, ('openvino', 'onnx'))):
        from vasily_fashion.deploy.openvino_engine import OpenVINOEngine

        import onnx

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'model.onnx')
            onnx.save(export_onnx(link, insize, 1), path)
            engine = OpenVINOEngine(path, 'f32')
        return lambda x: engine(x)[0]

    def forward(x):
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            return chainer.get_device('@numpy').send(
                link(link.device.send(x)).array)

    return forward
