from typing import Any

from vasily_fashion.links import FashionSSD300
from vasily_fashion.training.draws import Draws
from vasily_fashion.transforms import SSDAugmentation
from vasily_fashion.utils import seeded

import numpy as np


class TrainingPhotos(Draws):
    """Photos with boxes, augmented differently at each draw.

    Args:
        dataset: Yields (img, bbox, label), and, if it is a
            :class:`vasily_fashion.datasets.ConcatenatedBboxDataset`, the
            classes that a photo is annotated with.
        model (vasily_fashion.links.FashionSSD300): What they are for.
        max_expand (float): As
            :class:`vasily_fashion.transforms.SSDAugmentation`.
        seed (int): Of the augmentation.

    Raises:
        ValueError: If there is no photo, not one box, the classes are not
            the model's, or `max_expand` is less than 1.
    """

    def __init__(
            self, dataset: Any, model: FashionSSD300, max_expand: float = 4,
            seed: int = 0) -> None:
        super().__init__(dataset, seed)
        if not any(len(dataset[i][1]) for i in range(len(dataset))):
            raise ValueError(
                f'none of the {len(dataset)} photos has a box: there is nothing to train on; '
                'run python -m vasily_fashion.datasets.check on the data set')
        names = getattr(dataset, 'label_names', None)
        of_model = getattr(model, 'label_names', None)
        if names is not None and of_model is not None and tuple(names) != tuple(of_model):
            raise ValueError(
                f'the model detects {", ".join(of_model)}, and the photos are of '
                f'{", ".join(names)}: give FashionSSD300 their label_names')
        self._augment = SSDAugmentation(
            model.coder, model.insize, model.mean, max_expand)

    def draw(self, i: int, random_state: np.random.Generator) -> tuple[Any, ...]:
        photo = self.dataset[i]
        with seeded(int(random_state.integers(2 ** 32))):
            return self._augment(photo)
