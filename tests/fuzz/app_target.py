"""What the app takes over HTTP, with networks of a few thousand parameters."""
import asyncio
import base64
import functools
import io
import sys
from pathlib import Path
from urllib.parse import quote

from tests.training_tests.tiny import TinyStyleExtractor, tiny_ssd
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.retrieval import Gallery

from PIL import Image

_APP = Path(__file__).parents[2] / 'examples' / 'app'


@functools.cache
def _client():
    import httpx
    sys.path.append(str(_APP))
    try:
        from catalogue import Catalogue
        from snap_search import SnapSearch
        from web import create_app
    finally:
        sys.path.remove(str(_APP))
    shop = Gallery.from_world(SyntheticFashionDataset(1, 0, 12))
    extractor = TinyStyleExtractor()
    index = shop.make_index(extractor)
    search = SnapSearch(tiny_ssd(), extractor, index, shop, 100_000, index)
    # what the app does not catch is raised here
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(
        Catalogue(search, shop, 2, None), max_byte=100_000)))


def search(data, folder):
    """Ask with a query, a line, and the bytes of a snap after it."""
    query, _, snap = data.partition(b'\n')
    query = quote(query, safe='&=,.+-%')

    async def ask():
        url = f'http://localhost/search?{query}'
        return (await _client().post(url, content=snap)).status_code, (
            await _client().get(f'http://localhost/product-image?{query}')).status_code, (
            await _client().get(f'http://localhost/similar?{query}')).status_code

    for status in asyncio.run(ask()):
        assert 200 <= status < 300 or 400 <= status < 500, status


def requests():
    file = io.BytesIO()
    Image.new('RGB', (9, 6)).save(file, 'PNG')
    return [line + b'\n' + file.getvalue() for line in (
        b'', b'k=1&category=same&id=3', b'k=50&category=dress&id=%C3%BC',
        b'box=0,0,5,5.5&box=-1,2,99,8&category=any',
        b'item_category=dress&k=3&embedding=' + base64.urlsafe_b64encode(bytes(64)))]
