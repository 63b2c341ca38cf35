"""The wheel, installed outside of the checkout."""
import pathlib
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).parents[1]
_PROGRAM = """
import vasily_fashion
from vasily_fashion.datasets import CCPBboxDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN

import numpy as np

assert {root!r} not in vasily_fashion.__file__, vasily_fashion.__file__
img = np.full((3, 60, 40), 200, np.float32)
assert FashionSSD300(pretrained_model='fashion').predict([img])
assert StyleExtractorBN(pretrained_model='fashion').extract([img]).shape == (1, 128)
try:
    CCPBboxDataset('nowhere', 'val')
except FileNotFoundError:
    print('fine')
"""


@pytest.mark.slow
def test_fashion_weights_are_in_the_wheel(tmp_path):
    def run(*args, **kwargs):
        return subprocess.run(
            [sys.executable, *args], capture_output=True, text=True,
            check=True, **kwargs)

    run('-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation',
        '--no-index', '-w', str(tmp_path), str(_ROOT))
    wheel, = tmp_path.glob('*.whl')
    run('-m', 'pip', 'install', '--no-deps', '--no-index', '--target',
        str(tmp_path / 'site'), str(wheel))
    done = run(
        '-c', _PROGRAM.format(root=str(_ROOT)), cwd=tmp_path,
        env={'PYTHONPATH': str(tmp_path / 'site'), 'HOME': str(tmp_path)})
    assert done.stdout == 'fine\n'
