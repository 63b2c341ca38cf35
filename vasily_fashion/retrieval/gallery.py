import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from vasily_fashion.datasets.product_folder_dataset import ProductFolderDataset
from vasily_fashion.retrieval._common_device import common_device
from vasily_fashion.retrieval.embed_catalogue import product_ids
from vasily_fashion.retrieval.flat_index import FlatIndex
from vasily_fashion.utils import ImageReadError

import numpy as np
from tqdm import tqdm

_BATCH_SIZE = 32


class Gallery:
    """The product images of a shop, by id, and what is known of them.

    Args:
        ids (sequence of str): Of the products, each once.
        read (callable): Takes the number of a product, from 0, and returns
            its image, :math:`(3, H, W)`.
        categories (sequence of int): Of the products; -1 where it is not
            known, as by default.
        prices, urls (sequence of str): Of the products; '' where there is none.

    What the arguments say can be read from attributes of the same names.

    Attributes:
        left_out (list of str): What lies in the folder and is no product.
    """

    left_out: Sequence[str] = ()

    def __init__(
            self, ids: Sequence[str], read: Callable[[int], np.ndarray],
            categories: Any = None, prices: Sequence[str] | None = None,
            urls: Sequence[str] | None = None) -> None:
        n = len(ids)
        self.ids = list(ids)
        self.categories = np.full(n, -1) if categories is None else np.asarray(categories)
        self.prices = [''] * n if prices is None else list(prices)
        self.urls = [''] * n if urls is None else list(urls)
        self._read = read
        self._number = {product_id: i for i, product_id in enumerate(self.ids)}

    @classmethod
    def from_dataset(cls, dataset: Any) -> 'Gallery':
        """The gallery of a data set.

        Args:
            dataset (vasily_fashion.datasets.RetrievalDataset): The data set.

        Returns:
            Gallery: Ids are those of the items where each has one image, and
            else the paths of the images.
        """
        gallery = dataset.choose(dataset.is_gallery)
        return cls(
            product_ids(gallery), gallery.read_crop, gallery.labels,
            getattr(gallery, 'prices', None), getattr(gallery, 'urls', None))

    @classmethod
    def from_folder(cls, path: str | os.PathLike[str]) -> 'Gallery':
        """The images in a folder and below it, or those that a CSV names.

        Args:
            path (str or path): As
                :class:`~vasily_fashion.datasets.ProductFolderDataset` takes
                them: the folder, or a CSV that lies in it.

        Returns:
            Gallery: Ids are the paths without suffix, or the CSV's.

        Raises:
            FileNotFoundError, ValueError: As of the data set.
        """
        path = os.fspath(path)
        if path.lower().endswith('.csv'):
            dataset = ProductFolderDataset(os.path.dirname(path) or '.', path)
        else:
            dataset = ProductFolderDataset(path)
        gallery = cls.from_dataset(dataset)
        gallery.left_out = dataset.left_out_files
        return gallery

    @classmethod
    def from_world(cls, world: Any) -> 'Gallery':
        """The shop of a synthetic world.

        Args:
            world (vasily_fashion.datasets.SyntheticFashionDataset): The world.

        Returns:
            Gallery: Ids are those of the items.
        """
        products = world.product_images
        return cls([str(i) for i in range(len(products))],
                   lambda i: products[i][0], products.categories)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, product_id: object) -> bool:
        return product_id in self._number

    def __repr__(self) -> str:
        return f'<Gallery of {len(self)} product images>'

    def read(self, product_id: str) -> np.ndarray:
        """The image of a product.

        Args:
            product_id (str): Which.

        Returns:
            numpy.ndarray: :math:`(3, H, W)`, float32, RGB, :math:`[0, 255]`.

        Raises:
            KeyError: If there is no such product.
            ImageReadError: If its image cannot be read.
        """
        return self._read(self._number[product_id])

    def make_index(self, extractor: Any) -> FlatIndex:
        """Embed all products and index them.

        Args:
            extractor (vasily_fashion.links.StyleExtractorBN): What embeds
                them, or that compiled.

        Returns:
            FlatIndex: Of the products whose image can be read, on the GPU
            where the extractor is, if it is on one; a warning names each of
            the others.

        Raises:
            ValueError: If none can be read.
        """
        ids: list[str] = []
        categories: list[int] = []
        embeddings, imgs = [], []
        for product_id, category in zip(
                tqdm(self.ids, 'embed', unit='image', leave=False, disable=None),
                self.categories.tolist(), strict=True):
            try:
                imgs.append(self.read(product_id))
            except ImageReadError as error:
                warnings.warn(f'left out: {error}', stacklevel=2)
                continue
            ids.append(product_id)
            categories.append(category)
            if len(imgs) == _BATCH_SIZE:
                embeddings.append(extractor.extract(imgs))
                imgs = []
        if not ids:
            raise ValueError(
                f'none of the {len(self)} product images can be read; the '
                'warnings say why')
        if imgs:
            embeddings.append(extractor.extract(imgs))
        stacked = np.concatenate(embeddings)
        index = FlatIndex(stacked.shape[1], extractor=extractor)
        index.add(common_device(extractor).send(stacked), ids, categories)
        return index
