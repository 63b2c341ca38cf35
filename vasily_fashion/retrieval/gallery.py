import contextlib
import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets.product_folder_dataset import ProductFolderDataset
from vasily_fashion.retrieval._common_device import common_device
from vasily_fashion.retrieval.embed_images import embed_images
from vasily_fashion.retrieval.flat_index import FlatIndex
from vasily_fashion.utils import ImageReadError

import numpy as np
from chainercv.transforms import resize
from tqdm import tqdm

_SAMPLE_SIDE = 512


class Gallery:
    """The product images of a shop with their ids, categories, prices and so on.

    Args:
        ids (sequence of str): Of the products, each once.
        read (callable): Takes the number of a product, from 0, and returns
            its image, :math:`(3, H, W)`.
        categories (sequence of int): Of the products; -1 where it is not
            known, as by default.
        names, prices, urls (sequence of str): Of the products; '' where there
            is none.
        paths (sequence of path): Where the images are, if they are files.

    What the arguments say can be read from attributes of the same names.

    Raises:
        ValueError: If an id is there twice, or an argument is not one a product.
    """

    def __init__(
            self, ids: Sequence[str], read: Callable[[int], np.ndarray],
            categories: Any = None, names: Sequence[str] | None = None,
            prices: Sequence[str] | None = None, urls: Sequence[str] | None = None,
            paths: Sequence[os.PathLike[str]] | None = None) -> None:
        n = len(ids)
        self.ids = list(ids)
        self.categories = np.full(n, -1) if categories is None else np.asarray(categories)
        self.names, self.prices, self.urls = (
            [''] * n if column is None else list(column) for column in (names, prices, urls))
        self.paths = paths
        self._read = read
        self._row = {product_id: row for row, product_id in enumerate(self.ids)}
        if len(self._row) < n:
            product_id = Counter(self.ids).most_common(1)[0][0]
            raise ValueError(f'ids: {product_id!r} is given twice')
        for name in 'categories', 'names', 'prices', 'urls', 'paths':
            column = getattr(self, name)
            if column is not None and len(column) != n:
                raise ValueError(f'{name} has {len(column)} entries for {n} ids')

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
            gallery.image_ids(), gallery.read_crop, gallery.labels,
            getattr(gallery, 'product_names', None),
            getattr(gallery, 'prices', None), getattr(gallery, 'urls', None),
            [gallery.root / name for name in gallery.names])

    @classmethod
    def from_folder(
            cls, path: str | os.PathLike[str],
            label_names: Sequence[str] = FASHION_CATEGORIES) -> 'Gallery':
        """The images in a folder and below it, or those that a CSV names.

        Args:
            path (str or path): As
                :class:`~vasily_fashion.datasets.ProductFolderDataset` takes
                them: the folder, or a CSV that lies in it.
            label_names (sequence of str): What categories there are, such as a
                detector's.

        Returns:
            Gallery: Ids are the paths without suffix, or the CSV's.

        Raises:
            FileNotFoundError, ValueError: As of the data set.
        """
        path = os.fspath(path)
        if path.lower().endswith('.csv'):
            dataset = ProductFolderDataset(
                os.path.dirname(path) or '.', path, label_names=label_names)
        else:
            dataset = ProductFolderDataset(path, label_names=label_names)
        return cls.from_dataset(dataset)

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

    def __getitem__(self, row: int) -> np.ndarray:
        """The image of a product by its number, as :meth:`read` gives it."""
        return self._read(row)

    def __repr__(self) -> str:
        return f'<Gallery of {len(self)} product images>'

    def choose(self, rows: Any) -> 'Gallery':
        """Some of the products.

        Args:
            rows (sequence of int): Their numbers, from 0.

        Returns:
            Gallery: Of these, in this order.
        """
        rows = [int(row) for row in rows]
        ids, names, prices, urls = (
            [column[row] for row in rows]
            for column in (self.ids, self.names, self.prices, self.urls))
        paths = None if self.paths is None else [self.paths[row] for row in rows]
        return Gallery(ids, lambda i: self._read(rows[i]), self.categories[rows],
                       names, prices, urls, paths)

    def row(self, product_id: str) -> int:
        """The number of a product, from 0.

        Args:
            product_id (str): Which.

        Returns:
            int: The number.

        Raises:
            KeyError: If there is no such product.
        """
        return self._row[product_id]

    def is_there(self, product_id: str) -> bool:
        """Whether there is such a product, and its image is still a file.

        Args:
            product_id (str): Which.

        Returns:
            bool: Whether.
        """
        row = self._row.get(product_id)
        return row is not None and (self.paths is None or os.path.isfile(self.paths[row]))

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
        return self._read(self._row[product_id])

    def sample(self, n: int = 64) -> list[np.ndarray]:
        """Images spread evenly over the gallery, such as to calibrate int8.

        Args:
            n (int): How many at most; those that cannot be read are left out.

        Returns:
            list of numpy.ndarray: :math:`(3, H, W)`, of 512 pixels a side at most.
        """
        imgs = []
        for row in np.linspace(0, len(self) - 1, min(n, len(self))).round().astype(int):
            with contextlib.suppress(ImageReadError):
                img = self[row]
                scale = min(1, _SAMPLE_SIDE / max(img.shape))
                imgs.append(resize(img, [max(1, int(scale * side)) for side in img.shape[1:]]))
        return imgs

    def embed(self, extractor: Any) -> tuple[np.ndarray, list[int]]:
        """Embed the products; a warning names each image that cannot be read.

        Args:
            extractor (vasily_fashion.links.StyleExtractorBN): What embeds
                them, or that compiled.

        Returns:
            (array, list of int): Embeddings, :math:`(N, D)`, and the numbers
            of their products.

        Raises:
            ValueError: If no image can be read.
        """
        with tqdm(total=len(self), desc='embed', unit='image', leave=False,
                  disable=None) as bar:
            embeddings, _, reasons = embed_images(
                self._read, self.categories, extractor, report=bar.update)
        for reason in filter(None, reasons):
            warnings.warn(f'left out: {reason}', stacklevel=2)
        rows = [row for row, reason in enumerate(reasons) if not reason]
        if not rows:
            raise ValueError(
                f'none of the {len(self)} product images can be read; the '
                'warnings say why')
        return embeddings[rows], rows

    def make_index(self, extractor: Any, metric: str = 'sqeuclidean') -> FlatIndex:
        """Embed all products and index them.

        Args:
            extractor: As of :meth:`embed`, which says what is left out.
            metric ({'sqeuclidean', 'cosine'}): The index's.

        Returns:
            FlatIndex: With the ids and categories of the products, on the GPU
            where the extractor is, if it is on one.

        Raises:
            ValueError: If no image can be read.
        """
        index = FlatIndex(extractor.dim, metric, extractor)
        embeddings, rows = self.embed(extractor)
        index.add(common_device(extractor).send(embeddings),
                  [self.ids[row] for row in rows], self.categories[rows])
        return index
