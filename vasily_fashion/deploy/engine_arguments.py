import argparse
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """The type of a flag that is an integer from `least` on."""
    def parse(text):
        if int(text) < least:
            raise argparse.ArgumentTypeError(f'{text} is below {least}')
        return int(text)
    parse.__name__ = 'int'  # which argparse names
    return parse


def probability(text: str) -> float:
    """The type of a flag that is a score of a detector."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not between 0 and 1')
    return value


def add_engine_arguments(
        parser: argparse.ArgumentParser, engine: str = 'auto',
        precision: str | None = 'auto', calibration: str = 'the gallery',
        gpu: bool = True) -> None:
    """Give a script's parser ``--engine``, ``--precision`` and ``--gpu``.

    They are arguments of
    :func:`~vasily_fashion.deploy.compile_if_installed`.

    Args:
        parser (argparse.ArgumentParser): It gets the arguments.
        engine ({'auto', 'chainer', 'openvino', 'onnxruntime'}): The default.
        precision ({'auto', 'f32', 'bf16', 'int8'}): The default; :obj:`None`
            for a script without ``--precision``.
        calibration (str): Whose images int8 is calibrated with.
        gpu (bool): Whether there is ``--gpu``.
    """
    parser.add_argument(
        '--engine', choices=('auto', 'chainer', 'openvino', 'onnxruntime'),
        default=engine, help='what computes the networks; auto: a compiled engine '
        'where one is installed, otherwise Chainer (default: %(default)s)')
    if precision is not None:
        parser.add_argument(
            '--precision', choices=('auto', 'f32', 'bf16', 'int8'),
            default=precision, help='what OpenVINO computes in; auto: bf16 where the '
            f'CPU has it; int8 is calibrated with images of {calibration} '
            '(default: %(default)s)')
    if gpu:
        parser.add_argument(
            '--gpu', type=int, default=-1,
            help='the GPU that Chainer computes on; -1: the CPU '
            '(default: %(default)s)')
