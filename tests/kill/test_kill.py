"""A few kills of every work; `run.py` does hundreds."""
import importlib.util
import os

from tests.kill.kill import kill_again_and_again, kill_the_app
from tests.kill.works import WORKS

import pytest

pytestmark = [
    pytest.mark.slow, pytest.mark.skipif(os.name == 'nt', reason='no SIGKILL there')]
_NEEDS = {'faiss': 'faiss', 'build-faiss': 'faiss', 'compile': 'openvino'}
# how often, so that each takes seconds
_N = {'flat': 12, 'faiss': 12, 'weights': 12}


@pytest.mark.parametrize('name', WORKS)
def test_as_if_left_alone(name, tmp_path):
    if name in _NEEDS and not importlib.util.find_spec(_NEEDS[name]):
        pytest.skip(f'{_NEEDS[name]} is not installed')
    n_finished, _ = kill_again_and_again(name, tmp_path, _N.get(name, 4))
    assert n_finished > 0


def test_the_app(tmp_path):
    for name in 'httpx', 'fastapi_offline', 'uvicorn':
        pytest.importorskip(name)
    (tmp_path / 'app').mkdir()
    assert kill_the_app(tmp_path / 'app', 4) > 0
