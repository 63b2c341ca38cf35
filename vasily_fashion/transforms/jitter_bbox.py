import numpy as np


def jitter_bbox(
        bbox: np.ndarray, std: float,
        random_state: np.random.Generator | np.random.RandomState,
        margin: float = 0.) -> np.ndarray:
    """Move the sides of boxes at random, like a detector's errors.

    Args:
        bbox (~numpy.ndarray): Boxes of shape :math:`(R, 4)`,
            :math:`(y_{min}, x_{min}, y_{max}, x_{max})`.
        std (float): Standard deviation of how far each side is moved, out or
            in, as a share of the box's height or width. None is moved by more
            than twice that.
        random_state (numpy.random.Generator or RandomState): Where chance
            comes from.
        margin (float): The most room that is added before on each side, as a
            share of the box's height or width. Chance takes a share from 0 to
            this, the same for all sides of a box.

    Returns:
        numpy.ndarray: Boxes of shape :math:`(R, 4)`, which may reach out of
        the image.

    Raises:
        ValueError: If `std` is not from 0 to under 0.25: beyond, sides could
            change places.
    """
    if not 0 <= std < 0.25:
        raise ValueError(
            f'box jitter must be from 0 to under 0.25, not {std}')
    size = np.tile(bbox[:, 2:] - bbox[:, :2], 2)
    if margin:
        room = random_state.uniform(0, margin, (len(bbox), 1))
        bbox = bbox + size * np.array([-1, -1, 1, 1]) * room
    return bbox + size * np.clip(
        random_state.normal(0, std, bbox.shape), -2 * std, 2 * std)
