import copy

import numpy as np
from chainercv import transforms
from chainercv.links.model.ssd import (
    MultiboxCoder,
    random_crop_with_bbox_constraints,
    random_distort,
    resize_with_random_interpolation,
)


class SSDAugmentation:
    """SSD's training transform: five augmentations, then the box targets.

    Colour distortion, expansion, random cropping, resizing by a random
    interpolation and horizontal flipping, in the order of ChainerCV's
    `examples/ssd/train.py`, after the data augmentation of the SSD paper
    (Liu et al., ECCV 2016, section 2.2). Chance comes from Python's `random` as
    well as from `numpy.random`: :func:`~vasily_fashion.utils.seeded` seeds both.

    Args:
        coder (chainercv.links.model.ssd.MultiboxCoder): The model's coder.
        size (int): The model's input size.
        mean (~numpy.ndarray): What the model subtracts, of shape (3, 1, 1).
        max_expand (float): The widest canvas that expansion puts a photo on, in
            its own sides; 4, as published. Nearer to 1, items are nearer to the
            size they have in whole photos, which suits short trainings.

    Raises:
        ValueError: If `max_expand` is less than 1.
    """

    def __init__(
            self, coder: MultiboxCoder, size: int, mean: np.ndarray,
            max_expand: float = 4) -> None:
        if not max_expand >= 1:
            raise ValueError(f'max_expand must be at least 1, not {max_expand}')
        self.coder = copy.copy(coder)  # the copy stays on the CPU
        self.coder.to_cpu()
        self.size = size
        self.mean = mean
        self.max_expand = max_expand

    def __call__(
            self, in_data: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Transform one example.

        Args:
            in_data (tuple): (img, bbox, label), and what goes with them
                unchanged. There may be no box at all.

        Returns:
            tuple:
            (img, mb_loc, mb_label) of shapes (3, size, size), (K, 4), (K,),
            and the rest.
        """
        img, bbox, label, *rest = in_data
        img = random_distort(img)
        if np.random.randint(2):
            img, param = transforms.random_expand(
                img, self.max_expand, fill=self.mean, return_param=True)
            bbox = transforms.translate_bbox(
                bbox, y_offset=param['y_offset'], x_offset=param['x_offset'])
        img, param = random_crop_with_bbox_constraints(
            img, bbox, return_param=True)
        bbox, param = transforms.crop_bbox(
            bbox, y_slice=param['y_slice'], x_slice=param['x_slice'],
            allow_outside_center=False, return_param=True)
        label = label[param['index']]
        _, h, w = img.shape
        img = resize_with_random_interpolation(img, (self.size, self.size))
        bbox = transforms.resize_bbox(bbox, (h, w), (self.size, self.size))
        img, params = transforms.random_flip(
            img, x_random=True, return_param=True)
        bbox = transforms.flip_bbox(
            bbox, (self.size, self.size), x_flip=params['x_flip'])
        img -= self.mean
        # where no box is left, the coder says that all is background
        mb_loc, mb_label = self.coder.encode(bbox, label)
        return img, mb_loc, mb_label, *rest
