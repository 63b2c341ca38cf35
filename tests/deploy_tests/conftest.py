import vasily_fashion  # noqa: F401

import pytest
from chainer.dataset import download


@pytest.fixture(scope='session', autouse=True)
def cache_root(tmp_path_factory):
    """Where compiled models are kept during these tests."""
    before = download.get_dataset_root()
    root = tmp_path_factory.mktemp('cache')
    download.set_dataset_root(str(root))
    yield root
    download.set_dataset_root(before)
