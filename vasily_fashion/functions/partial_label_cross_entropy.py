from typing import Any

import chainer
import chainer.functions as F
import numpy as np

# Added to the logits of what an example is not: its exponential is 0.
_NEVER = -1e4


def partial_label_cross_entropy(x: Any, may_be: Any) -> chainer.Variable:
    """Cross entropy of labels that are known in part.

    .. math::

        L = -\\frac{1}{N} \\sum_n \\log \\sum_{c \\in S_n} p_{nc}

    where :math:`p_n` is the softmax of :math:`x_n`, and :math:`S_n` the classes that
    example :math:`n` may be of [#]_. Where each has one, it is
    :func:`chainer.functions.softmax_cross_entropy`.

    .. [#] Yves Grandvalet. Logistic regression for partial labels. IPMU 2002.

    Args:
        x (:class:`~chainer.Variable` or array): The logits, :math:`(N, C)`, float32.
        may_be (array): :math:`(N, C)`, bool: the classes that each may be of. An
            example of none is left out of the mean.

    Returns:
        ~chainer.Variable: A scalar; 0 if all are left out.

    Raises:
        ValueError: If the shapes differ.
    """
    if x.shape != may_be.shape:
        raise ValueError(
            f'x and may_be must be of one shape (N, C), not {x.shape} and {may_be.shape}')
    known = may_be.any(axis=1)
    never = np.float32(_NEVER) * ~may_be
    losses = F.logsumexp(x, axis=1) - F.logsumexp(x + never, axis=1)
    return F.sum(losses * known.astype(np.float32)) / max(int(known.sum()), 1)
