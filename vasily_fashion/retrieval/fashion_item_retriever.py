import itertools
import numbers
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.retrieval._common_device import common_device
from vasily_fashion.retrieval._rows import check_extractor, check_positive
from vasily_fashion.retrieval.index import Index
from vasily_fashion.retrieval.merge_guesses import merge_guesses
from vasily_fashion.retrieval.retrieved_item import RetrievedItem
from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.utils import check_image, check_images
from vasily_fashion.utils.read_ahead import read_ahead

import chainer
import numpy as np
from chainer.backends import cuda

#: Chosen on the validation split of menswear pairs: see examples/style_extractor.
DETECTED_MARGIN = .15


class FashionItemRetriever:

    """Find the items of a snap and the product images that look like them.

    Detect, crop, embed, search: the system of VASILY's article. Where
    FashionSSD300 and StyleExtractorBN are on one GPU, a snap is copied to it
    once, and is resized, cropped and embedded there; its items are searched
    there if the index is a :class:`~vasily_fashion.retrieval.FlatIndex` on a
    GPU. What comes back is boxes, distances and ids.

    Args:
        detector: Anything with ChainerCV's ``predict(imgs)``, which returns
            :obj:`(bboxes, labels, scores)`, such as
            :class:`~vasily_fashion.links.FashionSSD300`. Its `label_names`
            say what the labels mean, FASHION_CATEGORIES if it has none.
            :obj:`None` will do when the caller always brings the boxes.
        extractor: Anything with ``extract(imgs)``, which returns an array of
            shape :math:`(N, dim)`, such as
            :class:`~vasily_fashion.links.StyleExtractorBN`.
        index (Index): The product images, embedded by the same extractor.
            Anything with its ``search(queries, k, categories)`` will do.
        batch_size (int): The number of snaps that go through the detector,
            and whose crops go through the extractor, at a time.
        margin (float): Room around a detected box in the crop that is embedded,
            on each side, as a share of the box's height and width. Detected boxes
            cut off sleeves and hems. The caller's own boxes are cropped as they are.

    Raises:
        ValueError: If another extractor made the index.

    """

    def __init__(
            self, detector: Any, extractor: Any, index: Index,
            batch_size: int = 8, margin: float = DETECTED_MARGIN) -> None:
        if made_by := getattr(index, 'fingerprint', ''):
            if hasattr(extractor, 'fingerprint'):
                check_extractor('index', made_by, extractor)
        self.detector = detector
        self.extractor = extractor
        self.index = index
        self.batch_size = check_positive(batch_size, 'batch_size')
        self.margin = margin
        # a detector of classes without names has None
        self._label_names = tuple(
            getattr(detector, 'label_names', FASHION_CATEGORIES) or ())

    def retrieve(
            self, imgs: Iterable[Any], k: int = 5,
            bboxes: Sequence[np.ndarray] | None = None,
            categories: Sequence[np.ndarray] | None = None,
            category: int | str = 'same'
    ) -> list[list[RetrievedItem]]:
        """Retrieve product images for the items of snaps.

        Args:
            imgs (iterable): Snaps: arrays, see the table below, paths of
                files, or images of Pillow. They are taken and read a few at a
                time.
            k (int): How many product images to find for each item. There are
                fewer when the index holds fewer.
            bboxes (list of numpy.ndarray): The caller's own boxes, for each
                snap an array. The detector is not asked then.
            categories (list of numpy.ndarray): The categories of
                :obj:`bboxes`, indices of the detector's `label_names`; None where
                unknown, as by default.
            category ({'same', 'any'}, str or int): Which product images an
                item is compared with. 'same': those of its category, and of its
                second guess if there is one; all where the index has none of
                them, or the item's category is not known. 'any': all, as the
                article does. The name or the index of a category: those of it.

        .. csv-table::
            :header: name, shape, dtype, format

            :obj:`imgs`, ":math:`[(3, H, W)]`", :obj:`float32`, \
            "RGB, :math:`[0, 255]`"
            :obj:`bboxes`, ":math:`[(R, 4)]`", :obj:`float32`, \
            ":math:`(y_{min}, x_{min}, y_{max}, x_{max})`"
            :obj:`categories`, ":math:`[(R,)]`", :obj:`int32`, --

        Returns:
            list of lists of RetrievedItem:
            For each snap its items, in the order of the boxes. The snap's
            list is empty when there are none. Detected boxes are cut at the
            border of the snap.

        Raises:
            TypeError, ValueError: An argument is not as described; the
                message names it, and the index of the snap.

        """
        return list(self.iter_retrieve(
            imgs, k, bboxes, categories, category))

    def iter_retrieve(
            self, imgs: Iterable[Any], k: int = 5,
            bboxes: Sequence[np.ndarray] | None = None,
            categories: Sequence[np.ndarray] | None = None,
            category: int | str = 'same'
    ) -> Iterator[list[RetrievedItem]]:
        """Retrieve as :meth:`retrieve` does, one snap after the other.

        Each snap's items come when its batch is done, and nothing is kept of
        them, so memory stays as it is however many snaps there are:

        .. code-block:: python

            for path, items in zip(paths, retriever.iter_retrieve(paths)):
                ...

        The snaps are taken from :obj:`imgs` in a thread of its own, a batch
        ahead. A file that cannot be read raises
        :class:`~vasily_fashion.utils.ImageReadError`, after the items of the
        snaps before it.

        Args:
            imgs, k, bboxes, categories, category: As of :meth:`retrieve`.

        Returns:
            iterator of lists of RetrievedItem: For each snap its items.

        Raises:
            TypeError, ValueError: As of :meth:`retrieve`.

        """
        check_positive(k, 'k')
        category = _as_category(category, self._label_names)
        if isinstance(imgs, (np.ndarray, str, bytes)) \
                or not hasattr(imgs, '__iter__'):
            imgs = check_images(imgs)  # which refuses all but a batch
        if bboxes is None:
            if categories is not None:
                raise ValueError(
                    'categories are those of bboxes; give bboxes as well')
            if self.detector is None:
                raise ValueError('give bboxes: there is no detector')
        elif isinstance(imgs, Sized):
            _check_length(bboxes, 'bboxes', len(imgs))
            if categories is not None:
                _check_length(categories, 'categories', len(imgs))
        return self._retrieve_batches(
            _check_snaps(imgs, bboxes, categories, self._label_names), k, category)

    def search(
            self, embeddings: Any, k: int,
            guesses: Sequence[tuple[int | None, int | None]],
            category: int | str = 'same') -> list[tuple[np.ndarray, np.ndarray]]:
        """Search for items by their embeddings, such as once more in another category.

        Args:
            embeddings (array): :math:`(R, D)`, float32, as `embedding` of the items.
            k (int): As of :meth:`retrieve`.
            guesses (sequence of tuples): The category and the second category of
                each; None where there is none.
            category: As of :meth:`retrieve`.

        Returns:
            list of tuples of arrays: Distances and ids of each, nearest first.

        Raises:
            TypeError, ValueError: As of :meth:`retrieve`.

        """
        category = _as_category(category, self._label_names)
        _check_length(guesses, 'guesses', len(embeddings), 'embeddings')
        if isinstance(embeddings, list):
            embeddings = np.asarray(embeddings, np.float32)
        if category != 'same':
            every = -1 if category == 'any' else category
            return self._search_each(embeddings, k, [[every]] * len(guesses))
        found = self._search_each(embeddings, k, [
            sorted({c for c in pair if c is not None}) or [-1] for pair in guesses])
        none = np.flatnonzero([not len(ids) for _, ids in found])
        of_all = self._search_each(embeddings[none], k, [[-1]] * len(none))
        for row, neighbours in zip(none, of_all, strict=True):
            found[row] = neighbours
        return found

    def _search_each(self, embeddings, k, categories):
        """The nearest of each query in all of its categories together, as :meth:`search`.

        A query of several categories is searched for once in each; its rows follow each other.
        """
        n_category = [len(its) for its in categories]
        if not n_category:
            return []
        rows = np.repeat(np.arange(len(n_category)), n_category)
        distances, ids = self.index.search(
            embeddings[rows], k, list(itertools.chain(*categories)))
        distances = cuda.to_cpu(distances)
        found = []
        for stop, n in zip(np.cumsum(n_category), n_category, strict=True):
            its, of = distances[stop - n:stop].ravel(), ids[stop - n:stop].ravel()
            order = np.argsort(its, kind='stable')[:k]
            order = order[np.isfinite(its[order])]  # without the padding
            found.append((its[order], of[order]))
        return found

    def _retrieve_batches(self, snaps, k, category):
        snaps = read_ahead(snaps, self.batch_size)
        for batch in _batches(snaps, self.batch_size):
            # the networks stay in this thread, whose Chainer configuration
            # and GPU are the caller's
            imgs, boxes = zip(*batch, strict=True)
            links = [self.extractor] if boxes[0] is not None else [self.detector, self.extractor]
            device = common_device(*links)
            with chainer.using_device(device), \
                    chainer.using_config('images_are_checked', True):
                imgs = device.send(imgs)
                margin = 0.
                if boxes[0] is None:
                    boxes, margin = self._detect(imgs), self.margin
                results = self._match(imgs, boxes, k, category, margin)
            del batch, imgs  # not kept while the next batch is read
            yield from results

    def _detect(self, imgs):
        """Give each snap's list of (bbox, category, score, second guess)."""
        found = []
        for img, bbox, label, score in zip(
                imgs, *self.detector.predict(imgs), strict=True):
            bbox, label, score = map(cuda.to_cpu, (bbox, label, score))
            bbox = np.clip(bbox, 0, img.shape[1:] * 2).astype(np.float32)
            solid = (bbox[:, 2:] > bbox[:, :2]).all(axis=1)
            bbox, label, score = bbox[solid], label[solid], score[solid]
            kept, second = merge_guesses(bbox, label, score, self._label_names)
            found.append([
                (bbox[i], int(label[i]), float(score[i]),
                 int(guess) if guess >= 0 else None)
                for i, guess in zip(kept, second, strict=True)])
        return found

    def _match(self, imgs, boxes, k, category, margin):
        crops = []
        for img, found in zip(imgs, boxes, strict=True):
            if found:
                crops.extend(crop_by_bbox(
                    img, np.stack([bbox for bbox, *_ in found]), margin))
        if not crops:
            return [[] for _ in imgs]
        embeddings = self.extractor.extract(crops)
        guesses = [(first, second) for found in boxes for _, first, _, second in found]
        results = zip(
            self.search(embeddings, k, guesses, category), embeddings, strict=True)
        return [
            [RetrievedItem(
                bbox, first, score, *neighbours, self._name(first), second, embedding)
             for (bbox, first, score, second), (neighbours, embedding) in zip(
                 found, itertools.islice(results, len(found)), strict=True)]
            for found in boxes]

    def _name(self, category):
        known = category is not None and category < len(self._label_names)
        return self._label_names[category] if known else None


def _as_category(category, label_names):
    if category in ('same', 'any'):
        return category
    if category in label_names:
        return label_names.index(category)
    if _is_index(category, label_names):
        return int(category)
    raise ValueError(
        f"category must be 'same', 'any', one of {', '.join(label_names)}, or "
        f'an index of these, not {category!r}')


def _is_index(category, label_names):
    return (isinstance(category, numbers.Integral) and not isinstance(category, bool)
            and 0 <= category < (len(label_names) or np.inf))


def _check_snaps(imgs, bboxes, categories, label_names):
    """Check one snap after the other; yield it with its own boxes or None."""
    n = 0
    for i, img in enumerate(imgs):
        img = check_image(img, f'imgs[{i}]')
        yield img, (None if bboxes is None else
                    _own_boxes(img, i, bboxes, categories, label_names))
        del img
        n += 1
    for name, column in ('bboxes', bboxes), ('categories', categories):
        if column is not None:
            _check_length(column, name, n)


def _batches(snaps, batch_size):
    """Yield lists of snaps; where a snap raises, those before it first."""
    batch = []
    try:
        for snap in snaps:
            batch.append(snap)
            del snap
            if len(batch) == batch_size:
                yield batch
                batch = []
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _own_boxes(img, i, bboxes, categories, label_names):
    """Check a caller's boxes of snap i; list of what _detect gives."""
    for name, column in ('bboxes', bboxes), ('categories', categories):
        if column is not None and i >= len(column):
            raise ValueError(f'{name} has {len(column)} arrays, imgs has more snaps')
    try:
        bbox = np.asarray(bboxes[i], dtype=np.float32)
    except (TypeError, ValueError) as e:
        raise TypeError(
            f'bboxes[{i}] must be an array of shape (R, 4)') from e
    if bbox.size == 0:
        bbox = bbox.reshape(0, 4)
    if bbox.ndim != 2 or bbox.shape[1] != 4:
        raise ValueError(
            f'bboxes[{i}] has shape {bbox.shape}, not (R, 4): one row '
            '(y_min, x_min, y_max, x_max) for each box')
    H, W = img.shape[1:]
    for j, (y_min, x_min, y_max, x_max) in enumerate(bbox.tolist()):
        if not (y_min < y_max and x_min < x_max):  # NaN is refused, too
            raise ValueError(
                f'bboxes[{i}][{j}] is empty, {bbox[j].tolist()}; a box is '
                '(y_min, x_min, y_max, x_max) with min < max')
        if not (y_max > 0 and x_max > 0 and y_min < H and x_min < W):
            raise ValueError(
                f'bboxes[{i}][{j}] is outside the snap, which is {H} high '
                f'and {W} wide: {bbox[j].tolist()}')
        if min(y_max, H) - max(y_min, 0) < 1 or min(x_max, W) - max(x_min, 0) < 1:
            raise ValueError(
                f'bboxes[{i}][{j}] has less than a pixel of the snap: '
                f'{bbox[j].tolist()}')
    if not np.isfinite(bbox).all():
        raise ValueError(f'bboxes[{i}] has infinite numbers')

    if categories is None:
        category = [None] * len(bbox)
    else:
        _check_length(categories[i], f'categories[{i}]', len(bbox), 'boxes')
        category = list(categories[i])
        for c in category:
            if c is not None and not _is_index(c, label_names):
                raise ValueError(
                    f'categories[{i}] has {c!r}; a category is an index '
                    f'into {", ".join(label_names) or "your names, from 0"}, or None')
        category = [None if c is None else int(c) for c in category]
    return [(bb, c, float('nan'), None)
            for bb, c in zip(bbox, category, strict=True)]


def _check_length(x, name, n, of='snaps'):
    if not hasattr(x, '__len__'):
        raise TypeError(f'{name} must be a list, not {type(x).__name__}')
    if len(x) != n:
        raise ValueError(f'{name} has {len(x)} entries for {n} {of}')
