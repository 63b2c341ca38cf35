import datetime
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vasily_fashion
from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.machine import machine

import chainer
import numpy as np


def write_run(
        trainer: chainer.training.Trainer, script: str,
        argv: Sequence[Any] | None = None) -> None:
    """Write what a training was into `run.json` in its folder.

    `weights/pack.py` copies it into the list of the runs that made the weights.

    Args:
        trainer (chainer.training.Trainer): After training.
        script (str): What was called.
        argv (sequence): With which arguments; those of this process by default.
    """
    updater: Any = trainer.updater
    versions = {'vasily_fashion': vasily_fashion.__version__,
                'chainer': chainer.__version__, 'numpy': np.__version__}
    if (xp := updater.device.xp) is not np:
        versions['cupy'] = xp.__version__
    words = map(str, sys.argv[1:] if argv is None else argv)
    with atomic_write(Path(trainer.out, 'run.json'), 'w', encoding='utf-8') as file:
        json.dump({
            'command': shlex.join(['python', script, *words]),
            'iteration': updater.iteration,
            'minutes': round(trainer.elapsed_time / 60),
            'date': datetime.date.today().isoformat(), 'machine': machine(),
            'device': updater.device.name, 'versions': versions}, file, indent=2)
