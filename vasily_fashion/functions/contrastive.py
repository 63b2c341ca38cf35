from typing import Any

import chainer
import chainer.functions as F


def contrastive(
        x0: Any, x1: Any, positive: Any, margin: float = 1.0,
        reduce: str = 'mean') -> chainer.Variable:
    """Contrastive loss of Bell & Bala.

    .. math::

        L = \\frac{1}{N} \\sum_i y_i d_i^2
            + (1 - y_i) \\max(0, m^2 - d_i^2), \\quad
        d_i = \\|x_{0,i} - x_{1,i}\\|_2

    after equation 2 of [#]_: a positive pair pays its squared distance, a
    negative pair what its squared distance lacks to the squared margin. This
    is not Chainer's :func:`chainer.functions.contrastive`, which squares the
    hinge of the distance (Hadsell, Chopra, LeCun, CVPR 2006).

    .. [#] Sean Bell, Kavita Bala. Learning visual similarity for product
       design with convolutional neural networks. SIGGRAPH 2015.

    Args:
        x0 (:class:`~chainer.Variable` or array): :math:`(N, D)` embeddings.
        x1 (:class:`~chainer.Variable` or array): :math:`(N, D)` embeddings.
        positive (array): :math:`(N,)`, 1 where the pair shows one item and 0
            where it shows two.
        margin (float): :math:`m`, a distance, not squared.
        reduce ({'mean', 'no'}): The mean over pairs, or a loss for each.

    Returns:
        ~chainer.Variable: A scalar, or :math:`(N,)` with ``reduce='no'``.

    Raises:
        ValueError: If `margin` is not positive, `reduce` is unknown or the
            shapes do not match.
    """
    if not margin > 0:
        raise ValueError(f'margin must be positive, not {margin}')
    if reduce not in ('mean', 'no'):
        raise ValueError(f"reduce must be 'mean' or 'no', not {reduce!r}")
    # Chainer would broadcast them
    if x0.shape != x1.shape or x0.ndim != 2 or positive.shape != x0.shape[:1]:
        raise ValueError(
            'x0 and x1 must be of one shape (N, D) and positive (N,), not '
            f'{x0.shape}, {x1.shape} and {positive.shape}')
    squared = F.sum((x0 - x1) ** 2, axis=1)
    positive = positive.astype(squared.dtype)
    loss = positive * squared + (1 - positive) * F.relu(
        margin ** 2 - squared)
    return F.mean(loss) if reduce == 'mean' else loss
