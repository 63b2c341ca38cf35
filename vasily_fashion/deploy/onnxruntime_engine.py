import os

import numpy as np


class ONNXRuntimeEngine:
    """A network with ONNX Runtime, on CUDA where its build has that.

    Args:
        path (str or path): An ONNX file.

    Attributes:
        name (str): 'onnxruntime'.
        precision (str): 'f32'.
    """

    name = 'onnxruntime'
    precision = 'f32'

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import onnxruntime as ort

        self._session = ort.InferenceSession(
            str(path), providers=[
                provider for provider in (
                    'CUDAExecutionProvider', 'CPUExecutionProvider')
                if provider in ort.get_available_providers()])

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute the network's outputs.

        Args:
            x (numpy.ndarray): :math:`(B, 3, H, W)`, float32.

        Returns:
            tuple of numpy.ndarray: The outputs of the batch, float32.
        """
        return tuple(self._session.run(None, {'x': x}))


def has_cuda() -> bool:
    """Whether this build of ONNX Runtime computes on CUDA."""
    import onnxruntime as ort

    return 'CUDAExecutionProvider' in ort.get_available_providers()
