"""A bounded run of every target; `run.py` runs one for as long as you like."""
import time
from pathlib import Path

from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS, run

import numpy as np
import pytest

_CORPUS = Path(__file__).parent / 'corpus'
_N = 400
_SECONDS = 10  # that any input may take


@pytest.mark.parametrize('name', TARGETS)
def test_seeds_are_read(name, tmp_path):
    for seed in TARGETS[name].seeds():
        assert run(TARGETS[name], seed, tmp_path)


@pytest.mark.parametrize('name', TARGETS)
def test_what_was_found_once(name, tmp_path):
    for path in sorted(_CORPUS.glob(f'{name}/*')):
        run(TARGETS[name], path.read_bytes(), tmp_path)


@pytest.mark.parametrize('name', TARGETS)
def test_near_seeds(name, tmp_path):
    rng = np.random.default_rng(sum(name.encode()))
    seeds = TARGETS[name].seeds()
    for _ in range(_N):
        data = mutate(seeds[rng.integers(len(seeds))], rng)
        start = time.monotonic()
        try:
            run(TARGETS[name], data, tmp_path)
        except BaseException:
            (tmp_path / 'found').write_bytes(data)
            raise
        assert time.monotonic() - start < _SECONDS
    # nothing is written beside what was given
    assert {path.name for path in tmp_path.iterdir()} <= {
        'index.npz', 'weights.npz', 'weights', 'a.json', 'a.csv', 'photos', 'Annotations',
        'JPEGImages'}
