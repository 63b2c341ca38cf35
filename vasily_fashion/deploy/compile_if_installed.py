from typing import Any

from vasily_fashion.deploy.compile_link import compile_link
from vasily_fashion.utils import find_device


def compile_if_installed(
        link: Any, engine: str = 'auto', gpu: int = -1) -> tuple[Any, str]:
    """Compile a network where there is something to compile it with.

    What scripts do with their ``--engine`` and ``--gpu``: fast where OpenVINO or ONNX
    Runtime is installed, and as it is where neither is.

    Args:
        link: As of :func:`~vasily_fashion.deploy.compile_link`.
        engine ({'auto', 'chainer', 'openvino', 'onnxruntime'}): 'chainer'
            leaves the link to Chainer, and so does 'auto' where no engine is
            installed.
        gpu (int): The GPU that Chainer computes on instead; -1 for none.

    Returns:
        (link, str): The compiled link or the link itself, and what computes
        it, in words.

    Raises:
        TypeError, ValueError, ImportError, RuntimeError: As
            :func:`~vasily_fashion.deploy.compile_link` does; that no engine
            is installed, for 'auto', is not an error.
    """
    if gpu >= 0:
        link.to_device(find_device(gpu))
        return link, f'Chainer on GPU {gpu}'
    if engine == 'chainer':
        return link, 'Chainer'
    try:
        link = compile_link(link, engine)
    except ImportError as e:
        if engine != 'auto':
            raise
        return link, f'Chainer ({e})'
    return link, f'{link.engine.name}, {link.engine.precision}'
