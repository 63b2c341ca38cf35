import argparse


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
