from typing import Any

from vasily_fashion.deploy.compile_link import compile_link


def compile_if_installed(
        link: Any, engine: str = 'auto') -> tuple[Any, str]:
    """Compile a network where there is something to compile it with.

    What scripts do with their ``--engine``: fast where OpenVINO or ONNX
    Runtime is installed, and as it is where neither is.

    Args:
        link: As of :func:`~vasily_fashion.deploy.compile_link`.
        engine ({'auto', 'chainer', 'openvino', 'onnxruntime'}): 'chainer'
            leaves the link to Chainer, and so does 'auto' where no engine is
            installed.

    Returns:
        (link, str): The compiled link or the link itself, and what computes
        it, in words.

    Raises:
        TypeError, ValueError, ImportError, RuntimeError: As
            :func:`~vasily_fashion.deploy.compile_link` does; that no engine
            is installed, for 'auto', is not an error.
    """
    if engine == 'chainer':
        return link, 'Chainer'
    try:
        link = compile_link(link, engine)
    except ImportError as e:
        if engine != 'auto':
            raise
        return link, f'Chainer ({e})'
    return link, f'{link.engine.name}, {link.engine.precision}'
