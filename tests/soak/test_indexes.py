"""A bounded walk of every index; `indexes.py` goes on as long as you like."""
from tests.soak.indexes import INDEXES, soak

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('name', INDEXES)
def test_soak(name, tmp_path):
    if name == 'milvus':
        pytest.importorskip('pymilvus')
        pytest.importorskip('milvus_lite')
    elif name != 'flat':
        pytest.importorskip('faiss')
    walk = soak(name, tmp_path, 2000, 0)
    assert walk.errors.total() > 0
    # IVF looks into four of 16 lists, PQ has 8 bytes for 64
    assert walk.n_right / walk.n_found > {'hnsw': .9, 'ivf': .5, 'pq': .5}.get(name, .99)
