from collections.abc import Sequence
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES

import chainer
import numpy as np


class ConcatenatedBboxDataset(chainer.datasets.ConcatenatedDataset):
    """Concatenated detection data sets; each example says which classes its set annotates.

    A data set whose photos are not annotated with all categories says by its
    attribute `labelled`, a tuple of labels, with which they are. An item of
    another category may be in the photo all the same:
    :class:`~vasily_fashion.links.ssd.MultiboxTrainChain` does not teach that
    it is background.

    Args:
        datasets: Each yields (img, bbox, label), and may have
            `label_names`.
        label_names (sequence of str): What the labels mean.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        img, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        bbox, ":math:`(R, 4)`", float32, \
        ":math:`(y_{min}, x_{min}, y_{max}, x_{max})`"
        label, ":math:`(R,)`", int32, "index of a category"
        is_labelled, ":math:`(C + 1,)`", bool, "background first"

    Attributes:
        label_names (tuple of str): See above.
        parts (numpy.ndarray): :math:`(N,)`, int: which data set an example is of.

    Raises:
        ValueError: If a data set has other categories.
    """

    def __init__(
            self, *datasets: Any,
            label_names: Sequence[str] = FASHION_CATEGORIES) -> None:
        super().__init__(*datasets)
        self.label_names = tuple(label_names)
        for i, dataset in enumerate(datasets):
            names = getattr(dataset, 'label_names', self.label_names)
            if tuple(names) != self.label_names:
                raise ValueError(
                    f'data set {i} is of {", ".join(names)}, not of '
                    f'{", ".join(self.label_names)}: give it a category_map')
        n_category = len(self.label_names)
        self.parts = np.repeat(np.arange(len(datasets)), [len(x) for x in datasets])
        self._is_labelled = np.ones((len(datasets), n_category + 1), bool)
        for row, dataset in zip(self._is_labelled, datasets, strict=True):
            labelled = getattr(dataset, 'labelled', None)
            if labelled is not None:
                row[1:] = np.isin(np.arange(n_category), labelled)

    def get_example(
            self, i: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        i = range(len(self))[i]
        img, bbox, label = super().get_example(i)
        return img, bbox, label, self._is_labelled[self.parts[i]]
