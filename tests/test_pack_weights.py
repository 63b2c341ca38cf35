"""Of weights/pack.py, what the trainings do not need: means, and what has none."""
import importlib.util
from pathlib import Path

import chainer.links as L
import numpy as np
import pytest

_PATH = Path(__file__).parents[1] / 'weights' / 'pack.py'


@pytest.fixture
def pack():
    spec = importlib.util.spec_from_file_location('pack', _PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_average(pack):
    links = [L.Linear(3, 2, initialW=w, initial_bias=-w) for w in (1, 2, 6)]
    pack.average(links)
    np.testing.assert_array_equal(links[0].W.array, np.full((2, 3), 3, np.float32))
    np.testing.assert_array_equal(links[0].b.array, [-3, -3])
    assert links[0].W.dtype == np.float32
    np.testing.assert_array_equal(links[1].b.array, [-2, -2])


def test_batch_normalisation_has_no_mean(pack, capsys):
    with pytest.raises(SystemExit):
        pack.main(['style_extractor_bn', 'a.npz', 'b.npz', '2000_01_01'])
    assert 'name one' in capsys.readouterr().err
