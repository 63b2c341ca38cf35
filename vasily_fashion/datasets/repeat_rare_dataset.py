from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES

import chainer
import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import SliceableDataset


class RepeatRareDataset(chainer.dataset.DatasetMixin):
    """A detection data set that repeats photos of rare categories.

    Repeat factor sampling [#]_: a category that a share :math:`f` of the
    photos shows asks for :math:`\\max(1, \\sqrt{t / f})` times as many of
    them, and a photo is taken as often as its rarest category asks. What is
    left of a factor after the whole times is a chance, drawn once.

    .. [#] Agrim Gupta, Piotr Dollar, Ross Girshick. LVIS: A Dataset for Large
       Vocabulary Instance Segmentation. CVPR 2019, section 4.1.

    Args:
        dataset (chainercv.chainer_experimental.datasets.sliceable.\
SliceableDataset): It has the key 'label'.
        threshold (float): :math:`t`, the share below which a category is
            rare.
        seed (int): Of the chances.

    Attributes:
        indices (numpy.ndarray): Where each example stands in `dataset`.
        label_names (tuple of str): Of `dataset`; `FASHION_CATEGORIES` if it does not say.
        labelled (tuple of int or None): Of `dataset`, see
            :class:`~vasily_fashion.datasets.ConcatenatedBboxDataset`.
    """

    def __init__(self, dataset: SliceableDataset, threshold: float = 0.3,
                 seed: int = 0) -> None:
        self.dataset = dataset
        self.label_names = getattr(dataset, 'label_names', FASHION_CATEGORIES)
        self.labelled = getattr(dataset, 'labelled', None)
        labels = [np.unique(label) for label in dataset.slice[:, 'label']]
        shown = np.concatenate([*labels, np.empty(0, np.int32)])
        share = np.bincount(shown.astype(int)) / max(len(labels), 1)
        with np.errstate(divide='ignore'):
            factor = np.maximum(np.sqrt(threshold / share), 1)
        times = np.array([factor[label].max(initial=1) for label in labels])
        chance = np.random.default_rng(seed).random(len(times))
        self.indices = np.repeat(
            np.arange(len(times)), np.floor(times + chance).astype(int))

    def __len__(self) -> int:
        return len(self.indices)

    def get_example(self, i: int) -> Any:
        return self.dataset[int(self.indices[i])]
