"""What the app takes over HTTP, with networks that find all of a snap and embed it alike."""
import asyncio
import functools
import io
import sys
from pathlib import Path
from urllib.parse import quote

from vasily_fashion.retrieval import FlatIndex

import numpy as np
from PIL import Image

_APP = Path(__file__).parents[2] / 'examples' / 'app'


class _Networks:
    def predict(self, imgs):
        return ([np.array([(0, 0, *img.shape[1:])], np.float32) for img in imgs],
                [np.zeros(1, np.int32)] * len(imgs), [np.ones(1, np.float32)] * len(imgs))

    def extract(self, imgs):
        return np.ones((len(imgs), 4), np.float32)


class _Shop:
    categories = np.array([0, 1])

    def read(self, product_id):
        return np.zeros((3, 9, 9), np.float32) if product_id in 'ab' else {}[product_id]

    def about(self, product_id):
        return 0, None, None


@functools.cache
def _client():
    import httpx
    sys.path.append(str(_APP))
    try:
        from snap_search import SnapSearch
        from web import create_app
    finally:
        sys.path.remove(str(_APP))
    index = FlatIndex(4)
    index.add(np.eye(2, 4), ['a', 'b'], [0, 1])
    networks, shop = _Networks(), _Shop()
    # what the app does not catch is raised here
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(
        SnapSearch(networks, networks, index, shop, 100_000), shop, 2, max_byte=100_000)))


def search(data, folder):
    """Ask with a query, a line, and the bytes of a snap after it."""
    query, _, snap = data.partition(b'\n')
    query = quote(query, safe='&=,.+-%')

    async def ask():
        url = f'http://localhost/search?{query}'
        return (await _client().post(url, content=snap)).status_code, (
            await _client().get(f'http://localhost/product-image?{query}')).status_code

    for status in asyncio.run(ask()):
        assert 200 <= status < 300 or 400 <= status < 500, status


def requests():
    file = io.BytesIO()
    Image.new('RGB', (9, 6)).save(file, 'PNG')
    return [line + b'\n' + file.getvalue() for line in (
        b'', b'k=1&category=same&id=a', b'k=50&category=dress&id=%C3%BC',
        b'box=0,0,5,5.5&box=-1,2,99,8&category=any')]
