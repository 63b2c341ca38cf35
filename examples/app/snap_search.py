"""The bytes of a snap in; its items and their nearest products out."""
import io
import math
import time
from urllib.parse import quote

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.retrieval import FashionItemRetriever
from vasily_fashion.utils import read_image

import chainer
import numpy as np
from pydantic import BaseModel, Field


class Product(BaseModel):
    """A product image that was found."""

    id: str
    distance: float = Field(
        description='squared L2 of the embeddings, or what the index measures')
    category: str | None = Field(description='null where it is not known')
    price: str | None
    url: str | None = Field(description="the product's own page")
    image: str = Field(description='where its picture is, from here')


class Item(BaseModel):
    """An item of the snap, and its nearest products."""

    bbox: tuple[float, float, float, float] = Field(
        description='y_min, x_min, y_max, x_max, in pixels of the snap')
    category: str | None = Field(description='null for a box of your own')
    second_category: str | None = Field(
        description='what else the detector took it for; null if nothing')
    score: float | None = Field(description='null for a box of your own')
    products: list[Product] = Field(description='nearest first')


class SearchResult(BaseModel):
    """What was found in a snap."""

    height: int = Field(description='of the snap, turned as EXIF says')
    width: int
    seconds: float = Field(description='that the computation took')
    items: list[Item] = Field(description='best score first')


class SnapSearch:
    """Decode, detect, crop, embed, search.

    Not to be called by two threads at a time.

    Args:
        detector, extractor, index: As of
            :class:`~vasily_fashion.retrieval.FashionItemRetriever`.
        shop: A shop of shop.py.
        max_pixel (int): Larger snaps are refused.
    """

    def __init__(self, detector, extractor, index, shop, max_pixel):
        self._retriever = FashionItemRetriever(
            detector, extractor, _Offered(index, shop))
        self._shop = shop
        self._max_pixel = max_pixel

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
            ImageReadError: If the content is no image, or too large a one.
            ValueError: If a box is empty or outside of the snap.
        """
        start = time.perf_counter()
        img = read_image(io.BytesIO(content), self._max_pixel)
        with chainer.using_config('accelerate', 'fast'):
            items, = self._retriever.retrieve(
                [img], k, None if boxes is None else [boxes], category=category)
        items = [self._item(item) for item in items]
        items.sort(key=lambda item: -(item.score or 0))
        return SearchResult(
            height=img.shape[1], width=img.shape[2], items=items,
            seconds=round(time.perf_counter() - start, 3))

    def _item(self, item):
        return Item(
            bbox=item.bbox.tolist(), category=item.category_name,
            second_category=_name(item.second_category),
            score=None if math.isnan(item.score) else item.score,
            products=[self._product(str(i), float(d)) for i, d in zip(
                item.ids.tolist(), item.distances, strict=True)])

    def _product(self, product_id, distance):
        category, price, url = self._shop.about(product_id)
        return Product(
            id=product_id, distance=distance, category=_name(category),
            price=price, url=url,
            image=f'product-image?id={quote(product_id, safe="")}')


class _Offered:
    """An index, of which what the shop does not have any more is not found."""

    def __init__(self, index, shop):
        self._index, self._shop = index, shop

    def search(self, queries, k, categories=None):
        n = k
        while True:
            distances, ids = self._index.search(queries, n, categories)
            has = {i: self._shop.has(str(i)) for i in set(ids.ravel().tolist())}
            is_offered = np.isfinite(distances) & np.array(
                [has[i] for i in ids.ravel().tolist()], bool).reshape(ids.shape)
            may_have_more = np.isfinite(distances).sum(axis=1) == n
            if not (may_have_more & (is_offered.sum(axis=1) < k)).any():
                break
            n *= 2
        order = np.argsort(~is_offered, axis=1, kind='stable')[:, :k]
        return tuple(np.take_along_axis(x, order, axis=1) for x in (
            np.where(is_offered, distances, np.inf), ids))


def _name(category):
    if category is None or category < 0:
        return None
    return FASHION_CATEGORIES[category]
