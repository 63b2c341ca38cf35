import os

from vasily_fashion.datasets.ccp_bbox_dataset import CCPBboxDataset
from vasily_fashion.datasets.pair_dataset import PairDataset
from vasily_fashion.transforms import crop_by_bbox, jitter_bbox

import cv2
import numpy as np

# A crop below this many pixels on its shorter side shows no item.
_MIN_SIDE = 8


class CCPItemDataset(PairDataset):
    """Pairs of a snap crop and a product-like cutout of the same item.

    Cut from :class:`CCPBboxDataset`. Clothing Co-Parsing has no shop photos,
    so the product image is made from the snap: the item's pixels alone on
    white, seen through a horizontal flip, a small rotation, and changes of
    scale, colour and blur, so that the pixels of both sides do not match. The
    changes are random but follow from `seed`, the photo and the item alone,
    unless :meth:`read_product` is given a `random_state`.

    Args:
        root (str or path): As for :class:`CCPBboxDataset`.
        split ({'train', 'val', 'test', 'all'}): As for :class:`CCPBboxDataset`.
        seed (int): Another seed gives other changes of the cutouts.
        missing ({'raise', 'skip'}): As for :class:`CCPBboxDataset`.
        box_jitter (float): How far the boxes of snap crops are moved in
            training, as :func:`~vasily_fashion.transforms.jitter_bbox` does
            with that standard deviation.
        box_margin (float): The most room that those boxes get, as its `margin`.

    It returns what :class:`~vasily_fashion.datasets.PairDataset` does, product
    images on white.

    Attributes:
        item_ids (numpy.ndarray): :math:`(N,)`, int32: photo id times 100 plus
            the position of the item in its photo.
        categories (numpy.ndarray): :math:`(N,)`, int32.
        snap_indices (numpy.ndarray): :math:`(N,)`, int32: the snap it is cut
            from, in `snaps`.
        bboxes (numpy.ndarray): :math:`(N, 4)`, float32: its box there, not
            moved.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 seed: int = 0, missing: str = 'raise',
                 box_jitter: float = 0., box_margin: float = 0.) -> None:
        self.box_jitter, self.box_margin = box_jitter, box_margin
        self.snaps = CCPBboxDataset(root, split, missing)
        self.seed = seed
        where, bboxes, categories = [], [], []
        for i, (bbox, label) in enumerate(
                self.snaps.slice[:, ('bbox', 'label')]):
            for r in range(len(bbox)):
                if (bbox[r, 2:] - bbox[r, :2]).min() >= _MIN_SIDE:
                    where.append((i, r))
                    bboxes.append(bbox[r])
                    categories.append(label[r])
        self.snap_indices, self._positions = np.array(
            where, np.int32).reshape(-1, 2).T
        self.bboxes = np.array(bboxes, np.float32).reshape(-1, 4)
        self.categories = np.array(categories, np.int32)
        self.item_ids = np.array(
            [int(self.snaps.ids[i]) * 100 + r for i, r in where], np.int32)

    def read_street(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        bbox = self.bboxes[i][None]
        if random_state is not None:
            bbox = jitter_bbox(bbox, self.box_jitter, random_state, self.box_margin)
        return crop_by_bbox(self._read_photo(i), bbox)[0].copy()

    def read_product(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        if random_state is None:
            random_state = np.random.default_rng(
                [self.seed, int(self.item_ids[i])])
        img, bbox = self._read_photo(i), self.bboxes[i][None]
        snap, r = int(self.snap_indices[i]), self._positions[i]
        mask = self.snaps.get_mask(snap)
        if mask.shape[1:] != img.shape[1:]:
            raise ValueError(
                f'{self.snaps.root / self.snaps.names[snap]} is of {img.shape[1:]} '
                f'pixels, its annotation of {mask.shape[1:]}: fetch both again')
        crop, = crop_by_bbox(img, bbox)
        alpha, = crop_by_bbox(mask[r:r + 1], bbox)
        return _product_like(crop, alpha[0], random_state)

    def _read_photo(self, i):
        snap = int(self.snap_indices[i])
        return self.snaps.slice[snap:snap + 1, 'img'][0]


def _product_like(crop, alpha, random_state):
    """The masked pixels on white, changed as another photo would be."""
    _, h, w = crop.shape
    flip = -1 if random_state.random() < 0.5 else 1
    angle = np.deg2rad(random_state.uniform(-10, 10))
    scale = random_state.uniform(0.7, 1.1)
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[c * flip, -s], [s * flip, c]])
    out_w = int(np.ceil(abs(linear[0]) @ (w, h))) + 4
    out_h = int(np.ceil(abs(linear[1]) @ (w, h))) + 4
    shift = np.array([out_w, out_h]) / 2 - linear @ (w / 2, h / 2)
    matrix = np.column_stack([linear, shift])

    # premultiplied, so that no background bleeds in at the edge
    soft = cv2.GaussianBlur(alpha.astype(np.float32), (3, 3), 0) * alpha
    image = np.dstack([*(crop * soft), soft])
    image = cv2.warpAffine(
        image, matrix, (out_w, out_h), flags=cv2.INTER_LINEAR)
    if random_state.random() < 0.5:
        image = cv2.GaussianBlur(
            image, (0, 0), random_state.uniform(0.3, 1.0))
    colour, soft = image[..., :3], image[..., 3:]
    inside = soft.sum() + 1e-6
    mean = colour.sum(axis=(0, 1)) / inside
    contrast = random_state.uniform(0.85, 1.15)
    gain = random_state.uniform(0.9, 1.1) * random_state.uniform(
        0.95, 1.05, 3)
    colour = ((colour - mean * soft) * contrast + mean * soft) * gain
    image = colour + 255 * (1 - soft)
    return np.ascontiguousarray(
        np.clip(image, 0, 255).transpose(2, 0, 1), np.float32)
