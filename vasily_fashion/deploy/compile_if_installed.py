from typing import Any

from vasily_fashion.deploy.compile_link import compile_link
from vasily_fashion.utils import find_device


def compile_if_installed(
        link: Any, engine: str = 'auto', gpu: int = -1, precision: str = 'auto',
        calibration: Any = None) -> tuple[Any, str]:
    """Compile a link if an engine is installed; otherwise return it unchanged.

    What scripts do with their ``--engine``, ``--gpu`` and ``--precision``.

    Args:
        link: As of :func:`~vasily_fashion.deploy.compile_link`.
        engine ({'auto', 'chainer', 'openvino', 'onnxruntime'}): 'chainer'
            leaves the link to Chainer, and so does 'auto' where no engine is
            installed.
        gpu (int): 0 or more: Chainer computes on that GPU, and `engine` is
            ignored; -1: no GPU.
        precision, calibration: As of
            :func:`~vasily_fashion.deploy.compile_link`. Chainer has 'auto'
            and 'f32', which are one.

    Returns:
        (link, str): The compiled link or the link itself, and what computes
        it, in words.

    Raises:
        TypeError, ValueError, ImportError, RuntimeError: As
            :func:`~vasily_fashion.deploy.compile_link` does; that no engine
            is installed, for 'auto', is not an error.
    """
    is_chainers = precision in ('auto', 'f32')
    if (gpu >= 0 or engine == 'chainer') and not is_chainers:
        raise ValueError(f"precision {precision!r} is OpenVINO's; Chainer computes in 'f32'")
    if gpu >= 0:
        link.to_device(find_device(gpu))
        return link, f'Chainer on GPU {gpu}'
    if engine == 'chainer':
        return link, 'Chainer'
    try:
        link = compile_link(link, engine, precision, calibration)
    except ImportError as e:
        if engine != 'auto' or not is_chainers:
            raise
        return link, f'Chainer ({e})'
    return link, f'{link.engine.name}, {link.engine.precision}'
