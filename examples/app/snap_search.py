"""The bytes of a snap in; its items and their nearest products out."""
import base64
import io
import math
import time
from urllib.parse import quote

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.retrieval import FashionItemRetriever
from vasily_fashion.utils import read_image

import chainer
import numpy as np
from chainer.backends import cuda
from pydantic import BaseModel, Field

# What Milvus finds at most; beyond so many products that are gone, no more are looked for.
_MAX_K = 16384

# of an embedding's numbers; their squares are to be finite
_LARGEST = 1e6


class Product(BaseModel):
    """A product image that was found."""

    name: str | None = Field(description='null where it is not known')
    price: str | None
    url: str | None = Field(description="the product's own page")
    category: str | None = Field(description='null where it is not known')
    similarity: float | None = Field(
        description='1: the same picture; 0: no more alike than half of the '
        "shop's products, drawn at random; null if these are the same picture")
    distance: float = Field(
        description='squared L2 of the embeddings, or what the index measures')
    id: str
    image: str = Field(description='where its picture is, from here')


class Item(BaseModel):
    """An item of the snap, and its nearest products."""

    bbox: tuple[float, float, float, float] = Field(
        description='y_min, x_min, y_max, x_max, in pixels of the snap')
    category: str | None = Field(description='null for a box of your own')
    second_category: str | None = Field(
        description='what else the detector took it for; null if nothing')
    score: float | None = Field(description='null for a box of your own')
    embedding: str = Field(
        description='what the products were found by, to search again with: '
        'base64 (for URLs) of float32, little-endian')
    products: list[Product] = Field(description='nearest first')


class SearchResult(BaseModel):
    """What was found in a snap."""

    height: int = Field(description='of the snap, turned as EXIF says')
    width: int
    seconds: float = Field(description='that the computation took')
    items: list[Item] = Field(description='best score first')


class SnapSearch:
    """Decode, detect, crop, embed, search.

    Not to be called by two threads at a time; :meth:`similar` may be called beside.

    Args:
        detector, extractor, index: As of
            :class:`~vasily_fashion.retrieval.FashionItemRetriever`.
        shop (Gallery): The products, and what is known of them.
        max_pixel (int): Larger snaps are refused.
        some (FlatIndex): Products drawn at random, by the same extractor and
            metric. Where half of them are nearer, the similarity is 0.
    """

    def __init__(self, detector, extractor, index, shop, max_pixel, some):
        self._retriever = FashionItemRetriever(
            detector, extractor, _Offered(index, shop))
        self._n_byte = 4 * index.dim
        self._shop = shop
        self._max_pixel = max_pixel
        self._some = some

    def __call__(self, content, k, category='same', boxes=None):
        """Search for the items of a snap.

        Args:
            content (bytes): An image file.
            k (int): Products for each item.
            category (str): 'same': products of the item's category; 'any'; or
                one of FASHION_CATEGORIES: products of that.
            boxes (list): (y_min, x_min, y_max, x_max), to be searched for
                instead of what the detector finds.

        Returns:
            SearchResult: What was found.

        Raises:
            ImageReadError: If the content is not an image, or too large a one.
            ValueError: If a box is empty or outside of the snap.
        """
        start = time.perf_counter()
        img = read_image(io.BytesIO(content), self._max_pixel)
        with chainer.using_config('accelerate', 'fast'):
            items, = self._retriever.retrieve(
                [img], k, None if boxes is None else [boxes], category=category)
        items = list(map(self._item, items))
        items.sort(key=lambda item: -(item.score or 0))
        return SearchResult(
            height=img.shape[1], width=img.shape[2], items=items,
            seconds=round(time.perf_counter() - start, 3))

    def similar(self, embedding, k, category='same', item_categories=()):
        """Search for an item again, without its snap.

        Args:
            embedding (str): As of :class:`Item`.
            k, category: As of a search.
            item_categories (sequence of str): The item's category, and its
                second one if there is one.

        Returns:
            list of Product: Nearest first.

        Raises:
            ValueError: If it is not an embedding.
        """
        content = base64.urlsafe_b64decode(embedding)
        if len(content) != self._n_byte:
            raise ValueError(f'it has {len(content)} bytes, not {self._n_byte}')
        query = np.frombuffer(content, '<f4')[None]
        if not (np.abs(query) < _LARGEST).all():  # NaN neither
            raise ValueError('it has numbers that no embedding has')
        first, second, *_ = [*map(FASHION_CATEGORIES.index, item_categories), None, None]
        (distances, ids), = self._retriever.search(query, k, [(first, second)], category)
        return self._products(query, zip(distances.tolist(), ids.tolist(), strict=True))

    def _item(self, item):
        embedding = cuda.to_cpu(item.embedding)
        return Item(
            bbox=item.bbox.tolist(), category=item.category_name,
            second_category=_name(item.second_category),
            score=None if math.isnan(item.score) else item.score,
            embedding=base64.urlsafe_b64encode(
                embedding.astype('<f4').tobytes()).decode(),
            products=self._products(embedding[None], zip(
                item.distances.tolist(), item.ids.tolist(), strict=True)))

    def _products(self, query, found):
        far = float(np.median(self._some.search(query, len(self._some))[0]))
        return [self._product(str(i), d, far) for d, i in found]

    def _product(self, product_id, distance, far):
        shop = self._shop
        row = shop.row(product_id)
        url = shop.urls[row]
        return Product(
            id=product_id, distance=distance, category=_name(shop.categories[row]),
            name=shop.names[row] or None, price=shop.prices[row] or None,
            url=url if url.startswith(('https://', 'http://')) else None,
            similarity=max(0, 1 - distance / far) if far else None,
            image=f'product-image?id={quote(product_id, safe="")}')


class _Offered:
    """An index without the products that the shop no longer has."""

    def __init__(self, index, shop):
        self._index, self._shop = index, shop

    def search(self, queries, k, categories=None):
        n = k
        while True:
            distances, ids = self._index.search(queries, n, categories)
            has = {i: self._shop.is_there(str(i)) for i in set(ids.ravel().tolist())}
            is_offered = np.isfinite(distances) & np.array(
                [has[i] for i in ids.ravel().tolist()], bool).reshape(ids.shape)
            may_have_more = np.isfinite(distances).sum(axis=1) == n
            if n == _MAX_K or not (may_have_more & (is_offered.sum(axis=1) < k)).any():
                break
            n = min(2 * n, _MAX_K)
        order = np.argsort(~is_offered, axis=1, kind='stable')[:, :k]
        return tuple(np.take_along_axis(x, order, axis=1) for x in (
            np.where(is_offered, distances, np.inf), ids))


def _name(category):
    if category is None or category < 0:
        return None
    return FASHION_CATEGORIES[category]
