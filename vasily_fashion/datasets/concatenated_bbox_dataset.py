from typing import Any

import chainer
import numpy as np


class ConcatenatedBboxDataset(chainer.dataset.DatasetMixin):
    """Detection data sets one after the other, labelled for what they are.

    A data set whose photos are not annotated with all categories says by its
    attribute `labelled`, a tuple of labels, with which they are. An item of
    another category may be in the photo all the same:
    :class:`~vasily_fashion.links.ssd.MultiboxTrainChain` does not teach that
    it is background.

    Args:
        datasets: Each yields (img, bbox, label).
        n_category (int): How many categories there are.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        img, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        bbox, ":math:`(R, 4)`", float32, \
        ":math:`(y_{min}, x_{min}, y_{max}, x_{max})`"
        label, ":math:`(R,)`", int32, "index of a category"
        is_labelled, ":math:`(C + 1,)`", bool, "background first"

    Attributes:
        parts (numpy.ndarray): :math:`(N,)`, int: which data set an example is of.
    """

    def __init__(self, *datasets: Any, n_category: int) -> None:
        self._datasets = datasets
        lengths = [len(dataset) for dataset in datasets]
        self._start = np.cumsum([0, *lengths])
        self.parts = np.repeat(np.arange(len(datasets)), lengths)
        self._is_labelled = np.ones((len(datasets), n_category + 1), bool)
        for row, dataset in zip(self._is_labelled, datasets, strict=True):
            labelled = getattr(dataset, 'labelled', None)
            if labelled is not None:
                row[1:] = np.isin(np.arange(n_category), labelled)

    def __len__(self) -> int:
        return len(self.parts)

    def get_example(
            self, i: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        part = self.parts[i]
        img, bbox, label = self._datasets[part][int(i - self._start[part])]
        return img, bbox, label, self._is_labelled[part]
