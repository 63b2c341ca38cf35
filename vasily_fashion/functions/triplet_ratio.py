from typing import Any

import chainer
import chainer.functions as F
import numpy as np

# Under the root, so that its slope stays finite where two embeddings coincide.
_EPS = 1e-8


def triplet_ratio(
        anchor: Any, positive: Any, negative: Any,
        reduce: str = 'mean') -> chainer.Variable:
    """Ratio loss of the triplet network of Hoffer & Ailon.

    .. math::

        d_\\pm = \\frac{e^{\\|x - x^\\pm\\|_2}}
                      {e^{\\|x - x^+\\|_2} + e^{\\|x - x^-\\|_2}}, \\quad
        L = \\frac{1}{N} \\sum \\|(d_+, d_- - 1)\\|_2^2
          = \\frac{2}{N} \\sum d_+^2

    as in section 2.1 of [#]_, with distances not squared. It has no margin:
    the loss is 1/2 where both distances are equal and goes to 0 as the
    negative moves away. In half precision it is computed in single, which
    neither a distance of 0 nor one of 1,000 leaves.

    .. [#] Elad Hoffer, Nir Ailon. Deep metric learning using Triplet network.
       ICLR workshop 2015.

    Args:
        anchor (:class:`~chainer.Variable` or array): :math:`(N, D)`.
        positive (:class:`~chainer.Variable` or array): :math:`(N, D)`.
        negative (:class:`~chainer.Variable` or array): :math:`(N, D)`.
        reduce ({'mean', 'no'}): The mean over triplets, or a loss for each.

    Returns:
        ~chainer.Variable: A scalar, or :math:`(N,)` with ``reduce='no'``.

    Raises:
        ValueError: If `reduce` is unknown or the shapes differ.
    """
    if reduce not in ('mean', 'no'):
        raise ValueError(f"reduce must be 'mean' or 'no', not {reduce!r}")
    # Chainer would broadcast them
    if anchor.ndim != 2 or not (
            anchor.shape == positive.shape == negative.shape):
        raise ValueError(
            'anchor, positive and negative must be of one shape (N, D), not '
            f'{anchor.shape}, {positive.shape} and {negative.shape}')
    dtype = anchor.dtype
    if dtype == np.float16:
        anchor, positive, negative = (
            F.cast(x, np.float32) for x in (anchor, positive, negative))
    d_positive = F.sqrt(F.sum((anchor - positive) ** 2, axis=1) + _EPS)
    d_negative = F.sqrt(F.sum((anchor - negative) ** 2, axis=1) + _EPS)
    # the softmax of two values is the sigmoid of their difference
    loss = 2 * F.sigmoid(d_positive - d_negative) ** 2
    return F.cast(F.mean(loss) if reduce == 'mean' else loss, dtype)
