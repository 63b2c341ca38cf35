"""A bounded run of every target; `run.py` runs one for as long as you like."""
import time
from pathlib import Path

from tests.fuzz.mutate import mutate
from tests.fuzz.target import run
from tests.fuzz.targets import TARGETS

import numpy as np
import pytest

_CORPUS = Path(__file__).parent / 'corpus'
_SECONDS = 10  # that any input may take


@pytest.fixture(params=TARGETS)
def name(request):
    for module in TARGETS[request.param].needs:
        pytest.importorskip(module)
    return request.param


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a target reads; what it writes beside it is in sight."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'folder').mkdir()
    return tmp_path / 'folder'


def test_seeds_are_read(name, folder):
    for seed in TARGETS[name].seeds():
        assert run(TARGETS[name], seed, folder)


@pytest.mark.parametrize('path', sorted(_CORPUS.glob('*/*')), ids=lambda path: path.name)
def test_what_was_found_once(path, folder):
    target = TARGETS[path.parent.name]
    for module in target.needs:
        pytest.importorskip(module)
    run(target, path.read_bytes(), folder)


@pytest.mark.parametrize('n', [20, pytest.param(150, marks=pytest.mark.slow)])
def test_near_seeds(name, n, folder):
    rng = np.random.default_rng(sum(name.encode()))
    seeds = TARGETS[name].seeds()
    for seed in seeds:
        run(TARGETS[name], seed, folder)
    given = _all_in(folder.parent)
    for _ in range(n):
        data = mutate(seeds[rng.integers(len(seeds))], rng)
        start = time.process_time()
        try:
            run(TARGETS[name], data, folder)
        except BaseException:
            (folder.parent / 'found').write_bytes(data)
            raise
        assert time.process_time() - start < _SECONDS
    # nothing is written beside what is given
    assert _all_in(folder.parent) == given


def _all_in(folder):
    return set(folder.rglob('*'))
