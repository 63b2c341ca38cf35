import hashlib
import os
import threading

import numpy as np


class OpenVINOEngine:
    """A network on a CPU with OpenVINO.

    Args:
        path (str or path): An ONNX file, or an OpenVINO .xml with its .bin.
        precision ({'f32', 'bf16', 'int8'}): What is computed in; of 'int8'
            the file's quantised layers, and the rest in float32.
        cache (str or path): Folder where OpenVINO keeps what it compiled, or
            :obj:`None`.

    Attributes:
        name (str): 'openvino'.
        precision (str): See above.
    """

    name = 'openvino'

    def __init__(
            self, path: str | os.PathLike[str], precision: str = 'f32',
            cache: str | os.PathLike[str] | None = None) -> None:
        import openvino as ov

        core = ov.Core()
        model = core.read_model(path)
        # One image at a time on all cores: as fast as a batch here, and int8
        # networks with a normalisation over channels (SSD's conv4_3) come out
        # wrong from the second image of a batch on (OpenVINO 2026.4).
        model.reshape([1, *list(model.input().partial_shape)[1:]])
        config = {
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_PRECISION_HINT': 'bf16' if precision == 'bf16' else 'f32',
        }
        if cache is not None:
            config['CACHE_DIR'] = str(cache)
        self._compiled = core.compile_model(model, 'CPU', config)
        self._request = self._compiled.create_infer_request()
        self._lock = threading.Lock()  # a request is one thread's at a time
        self.precision = precision

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute the network's outputs.

        Args:
            x (numpy.ndarray): :math:`(B, 3, H, W)`, float32.

        Returns:
            tuple of numpy.ndarray: The outputs of the batch, float32.
        """
        with self._lock:
            outputs = [
                [y.copy() for y in
                 self._request.infer({0: x[i:i + 1]}).values()]
                for i in range(len(x))]
        return tuple(np.concatenate(ys) for ys in zip(*outputs, strict=True))


def cpu_computes_bf16() -> bool:
    """Whether this CPU has instructions for bfloat16 that OpenVINO uses."""
    import openvino as ov

    return 'BF16' in ov.Core().get_property(
        'CPU', 'OPTIMIZATION_CAPABILITIES')


def compiles_as() -> str:
    """A name for this CPU and OpenVINO version, since compiled files depend on both."""
    import openvino as ov

    cpu = ov.Core().get_property('CPU', 'FULL_DEVICE_NAME')
    return hashlib.sha256(f'{cpu} {ov.__version__}'.encode()).hexdigest()[:12]
