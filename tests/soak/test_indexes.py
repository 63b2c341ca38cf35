"""A bounded walk of every index; `indexes.py` goes on as long as you like."""
from tests.soak.indexes import INDEXES, soak

import pytest


@pytest.mark.parametrize('name, n_operation', [
    *((name, 2000) for name in INDEXES if name != 'milvus'),
    # whose steps take a hundred times as long
    ('milvus', 50), pytest.param('milvus', 2000, marks=pytest.mark.slow)])
def test_soak(name, n_operation, tmp_path):
    if name == 'milvus':
        pytest.importorskip('pymilvus')
        pytest.importorskip('milvus_lite')
    elif name != 'flat':
        pytest.importorskip('faiss')
    walk = soak(name, tmp_path, n_operation, 0)
    assert walk.errors.total() > 0
    # IVF looks into four of 16 lists, PQ has 8 bytes for 64
    assert walk.n_right / walk.n_found > {'hnsw': .9, 'ivf': .5, 'pq': .5}.get(name, .99)
