"""The web side: a page for people, JSON for programs."""
import asyncio
import contextlib
import enum
import functools
import io
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.utils import ImageReadError
from vasily_fashion.visualizations import CATEGORY_COLOURS

import numpy as np
from body import Room, image_of, read_body
from connection import say_when_files_are_out
from fastapi import HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from PIL import Image
from pydantic import BaseModel, Field
from snap_search import Product, SearchResult
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from turnstile import Full, Turnstile

_PAGE = Path(__file__).parent / 'page'
# Nothing but what comes from here runs or is shown.
_POLICY = ("default-src 'self'; img-src 'self' data:; connect-src 'self' data:; "
           "object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
_THUMBNAIL = 320  # the longer side of a product's picture, in pixels
_N_KEPT = 2000  # thumbnails that are kept in memory, of 20 kB or so
_MAX_K, _MAX_BOX = 50, 20
_MAX_EMBEDDING = 20_000  # characters, of 3,750 numbers
LOOPBACK = '127.0.0.1', 'localhost', '::1', '[::1]'
# After so long a search is said to hang.
_STUCK_SECONDS = 60

_log = logging.getLogger(__name__)

Category = enum.Enum(
    'Category', {name: name for name in ('any', 'same', *FASHION_CATEGORIES)},
    type=str)
ItemCategory = enum.Enum(
    'ItemCategory', {name: name for name in FASHION_CATEGORIES}, type=str)
K = Annotated[int, Query(ge=1, le=_MAX_K, description='products for each item')]
Wanted = Annotated[Category, Query(
    description="of the products; 'same' as the item's")]

_CALLS = """
The body is the image file itself, or a form with it:

```sh
curl --data-binary @street.jpg 'http://127.0.0.1:8000/search?k=3'
```

```sh
curl -F file=@street.jpg 'http://127.0.0.1:8000/search?k=3'
```

```python
import json
from pathlib import Path
from urllib.request import Request, urlopen

snap = Path('street.jpg').read_bytes()
answer = urlopen(Request('http://127.0.0.1:8000/search?k=3', snap, {
    'Content-Type': 'application/octet-stream'}))
print(json.load(answer)['items'])
```
"""


class Shop(BaseModel):
    """What is searched, and the limits."""

    n_product: int
    categories: list[str] = Field(description='that products have')
    colours: dict[str, str] = Field(description='of all categories')
    samples: list[str]
    max_k: int
    max_byte: int
    max_pixel: int


class Health(BaseModel):
    """Whether snaps are answered."""

    status: str = Field(
        description="'ok'; 'full': the queue of snaps is full; 'stuck': one snap has "
        'been computed for more than a minute')
    n_product: int = Field(description='of the index, that the shop has')
    index: str | None = Field(
        description='when the index was written; null of Milvus')
    index_refused: str | None = Field(
        description='why a newer index is not taken')
    computed_by: str
    n_waiting: int
    max_waiting: int


class Refusal(BaseModel):
    """Why there is no result."""

    detail: str


def create_app(catalogue, computed_by='', samples=(), max_waiting=64,
               max_byte=10_000_000, max_pixel=16_000_000, index_file=None,
               allowed_hosts=LOOPBACK, allowed_origins=()):
    """Make the app.

    Args:
        catalogue (Catalogue): What is searched.
        computed_by (str): What computes the networks, in words.
        samples (sequence of numpy.ndarray): Snaps to try it with.
        max_waiting (int): Requests that are let in at a time.
        max_byte, max_pixel (int): Of a snap.
        index_file (IndexFile): Where the index is from, to be opened again
            when it is replaced.
        allowed_hosts (sequence of str): Names that a request may call this
            server by.
        allowed_origins (sequence of str): Other sites whose pages may search,
            such as 'https://shop.example'.

    Returns:
        fastapi.FastAPI: The app.
    """
    turnstile, again = Turnstile(max_waiting), Turnstile(max_waiting)
    state = SimpleNamespace(catalogue=catalogue, refused=None, opening=None)
    sample_files = [jpeg(img, max(img.shape)) for img in samples]

    # It takes two at a time: a photo in memory is large.
    decoding = asyncio.Semaphore(2)

    # Bytes of all snaps that are being sent or wait.
    room = Room(max_waiting * max_byte)

    @functools.lru_cache(_N_KEPT)
    def thumbnail(shop, product_id):
        return jpeg(shop.read(product_id), _THUMBNAIL)

    async def open_again():
        try:
            if index_file.stamp() != index_file.opened:
                state.catalogue = await asyncio.to_thread(index_file.load)
                state.refused = None
                thumbnail.cache_clear()
                _log.info('a new index is searched, of %s: %d products',
                          state.catalogue.version, state.catalogue.n_product)
        except (ImportError, OSError, ValueError) as error:
            if state.refused != str(error):
                _log.warning(
                    'the new index is refused, the one before is searched: %s', error)
            state.refused = str(error)

    def look():
        """Open the index again if it was replaced; return the task that does so."""
        if index_file is not None and (state.opening is None or state.opening.done()):
            state.opening = asyncio.create_task(open_again())
        return state.opening

    @contextlib.asynccontextmanager
    async def lifespan(app):
        asyncio.get_running_loop().set_exception_handler(say_when_files_are_out)
        yield

    app = FastAPIOffline(
        lifespan=lifespan,
        title='vasily_fashion', summary='A street snap in, similar products '
        'of a shop out.', description='What is sent is kept in memory for '
        'as long as it is searched with, and nowhere else.')

    if allowed_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=allowed_origins,
            allow_methods=['GET', 'POST'], allow_headers=['Content-Type'])
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False)

    @app.exception_handler(RequestValidationError)
    async def say_what_is_wrong(request, error):
        first = error.errors()[0]
        return JSONResponse(
            {'detail': f'{first["loc"][1]}: {first["msg"]}'}, 422)

    @app.exception_handler(Full)
    async def say_that_too_many_wait(request, error):
        return JSONResponse(
            {'detail': f'{max_waiting} snaps are waiting already; try again in a minute'},
            503, {'Retry-After': '60'})

    @app.get('/', include_in_schema=False)
    async def page():
        return FileResponse(
            _PAGE / 'index.html',
            headers={'Content-Security-Policy': _POLICY,
                     'Referrer-Policy': 'no-referrer'})

    app.mount('/page', StaticFiles(directory=_PAGE))

    @app.get('/shop')
    async def about_the_shop() -> Shop:
        """What is searched, and the limits."""
        look()
        shop = state.catalogue.shop
        return Shop(
            n_product=state.catalogue.n_product, max_k=_MAX_K, max_byte=max_byte,
            max_pixel=max_pixel, categories=[
                name for i, name in enumerate(FASHION_CATEGORIES)
                if (shop.categories == i).any()],
            colours=dict(zip(
                FASHION_CATEGORIES, CATEGORY_COLOURS, strict=True)),
            samples=[f'samples/{i}' for i in range(len(sample_files))])

    @app.get('/health', responses={503: {'model': Health}})
    async def health(response: Response) -> Health:
        """Whether snaps are answered; 503 while they are not."""
        look()
        status = ('stuck' if turnstile.busy_for > _STUCK_SECONDS else
                  'full' if turnstile.n_taken == max_waiting else 'ok')
        if status != 'ok':
            response.status_code = 503
        return Health(
            status=status, n_product=state.catalogue.n_product,
            index=state.catalogue.version, index_refused=state.refused,
            computed_by=computed_by, n_waiting=turnstile.n_taken,
            max_waiting=max_waiting)

    @app.post('/search', description=_CALLS, openapi_extra={'requestBody': {
        'required': True, 'description': 'An image file: JPEG, PNG, WebP, ...',
        'content': {
            'application/octet-stream': {
                'schema': {'type': 'string', 'format': 'binary'}},
            'multipart/form-data': {'schema': {
                'type': 'object', 'properties': {
                    'file': {'type': 'string', 'format': 'binary'}}}}}}},
        responses={
            403: {'model': Refusal, 'description': 'It is from the page of '
                  'another site'},
            408: {'model': Refusal, 'description': 'It was sent too slowly'},
            413: {'model': Refusal, 'description': 'Too many bytes'},
            422: {'model': Refusal, 'description': 'No image that can be '
                  'read, too many pixels, or a wrong parameter'},
            503: {'model': Refusal, 'description': 'Too many are waiting; '
                  'try again later'}})
    async def find_items_and_their_products(
            request: Request,
            k: K = 8, category: Wanted = Category.same,
            box: Annotated[list[str] | None, Query(
                description='y_min,x_min,y_max,x_max: a box of your own, in '
                'pixels, instead of what is detected; up to '
                f'{_MAX_BOX}')] = None) -> SearchResult:
        refuse_other_sites(request, allowed_origins)
        boxes = None if box is None else parse_boxes(box)
        try:
            with room.hold() as hold:
                content = image_of(
                    await read_body(request, max_byte, hold),
                    request.headers.get('content-type', ''))
                if opening := look():
                    await asyncio.shield(opening)
                result = await turnstile.run(
                    request, state.catalogue.search,
                    content, k, category.value, boxes)
        except (ImageReadError, ValueError) as error:
            raise HTTPException(422, str(error)) from error
        _log.info('%d x %d pixels, %d items, %.2f s', result.width,
                  result.height, len(result.items), result.seconds)
        return result

    @app.get('/similar', responses={422: {'model': Refusal}, 503: {'model': Refusal}})
    async def search_for_an_item_again(
            request: Request,
            embedding: Annotated[str, Query(
                max_length=_MAX_EMBEDDING, description='that /search gave')],
            item_category: Annotated[list[ItemCategory], Query(
                max_length=2, description='what /search took the item for')] = [],  # noqa: B006
            k: K = 8, category: Wanted = Category.same) -> list[Product]:
        """Other products for an item that /search found, without its snap."""
        try:
            return await again.run(
                request, state.catalogue.search.similar,
                embedding, k, category.value, [c.value for c in item_category])
        except ValueError as error:
            raise HTTPException(422, f'embedding: {error}') from error

    @app.get('/product-image', response_class=Response,
             responses={404: {'model': Refusal}})
    async def product_image(id: str):  # noqa: A002
        """The picture of a product, a JPEG of up to 320 pixels."""
        try:
            async with decoding:
                shop = state.catalogue.shop
                if not await asyncio.to_thread(shop.is_there, id):
                    raise KeyError(id)
                content = await asyncio.to_thread(thumbnail, shop, id)
        except (KeyError, ImageReadError) as error:
            _log.info('no picture of product %r: %r', id, error)
            raise HTTPException(404, 'there is no such picture') from error
        return picture(content)

    @app.get('/samples/{number}', include_in_schema=False)
    async def sample(number: int):
        if not 0 <= number < len(sample_files):
            raise HTTPException(404, 'there is no such sample')
        return picture(sample_files[number])

    return app


def refuse_other_sites(request, allowed_origins):
    """Refuse requests from pages of other sites.

    Raises:
        HTTPException: If the request is from one.
    """
    origin = request.headers.get('origin')
    if origin in allowed_origins:
        return
    if (request.headers.get('sec-fetch-site') == 'cross-site' if origin is None
            else origin.partition('://')[2] != request.headers.get('host')):
        raise HTTPException(
            403, f'this is from the page of another site{", " * bool(origin)}{origin or ""}; '
            'the server has to be started with --allow-origin for that')


def parse_boxes(texts):
    """Boxes out of 'y_min,x_min,y_max,x_max'.

    Raises:
        HTTPException: If a text is not such.
    """
    if len(texts) > _MAX_BOX:
        raise HTTPException(422, f'box: more than {_MAX_BOX} of them')
    boxes = []
    for text in texts:
        with contextlib.suppress(ValueError):
            boxes.append([float(x) for x in text.split(',')])
            if len(boxes[-1]) == 4:
                continue
        raise HTTPException(
            422, f'box: {text[:99]!r} is not y_min,x_min,y_max,x_max')
    return boxes


def jpeg(img, side):
    """Encode an image as JPEG, scaled down to `side` pixels."""
    image = Image.fromarray(
        np.clip(img, 0, 255).astype(np.uint8).transpose(1, 2, 0))
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, 'JPEG', quality=88)
    return file.getvalue()


def picture(content):
    return Response(content, media_type='image/jpeg', headers={
        'Cache-Control': 'max-age=3600', 'X-Content-Type-Options': 'nosniff'})
