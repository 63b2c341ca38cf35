import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('pymilvus')
pytest.importorskip('milvus_lite')

_ROOT = Path(__file__).parents[2]
_POOL = 'ARROW_DEFAULT_MEMORY_POOL'


def run(code, **env):
    """Run it in a process of its own, where Arrow is not imported yet."""
    return subprocess.run(
        [sys.executable, '-c', code], cwd=_ROOT, check=True, text=True,
        stdout=subprocess.PIPE, env={
            **{key: value for key, value in os.environ.items() if key != _POOL},
            'OPENBLAS_NUM_THREADS': '1', **env}).stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize('env, backend', [
    ({}, 'system'), ({_POOL: 'mimalloc'}, 'mimalloc')])
def test_arrow_allocates_from_the_system(env, backend, tmp_path):
    found, = run(f'''
from vasily_fashion.retrieval import MilvusIndex
MilvusIndex(2, uri={str(tmp_path / 'products.db')!r}).close()
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
''', **env)
    assert found == backend


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_memory_of_small_changes(tmp_path):
    at_first, after_4000 = map(float, run(f'''
from pathlib import Path
from tests.soak.indexes import memory, soak

def each(i, operation, seconds):
    if i in (0, 4000):
        print(memory('VmRSS'))

soak('milvus', Path({str(tmp_path)!r}), 4001, 0, each)
'''))
    # 30 MB, and 52 after 45,000; with Arrow's own allocator 62 to 67, and it goes on
    assert after_4000 - at_first < 45
