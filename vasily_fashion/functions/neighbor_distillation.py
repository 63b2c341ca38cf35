from typing import Any

import chainer
import chainer.functions as F
import numpy as np
from chainer import backend

# Added to the logits of what is not a neighbour: its exponential is 0.
_NEVER = np.float32(-1e4)


def neighbor_distillation(
        x: Any, teacher: Any, item_id: Any, temperature: float = 0.07) -> chainer.Variable:
    """How far neighbours of embeddings are from those that a teacher sees.

    .. math::

        L = \\frac{1}{N} \\sum_i D_{KL}(q_i \\| p_i), \\quad
        q_i = \\mathrm{softmax}_j(t_i \\cdot t_j / \\tau), \\quad
        p_i = \\mathrm{softmax}_j(-\\|x_i - x_j\\|^2)

    over all :math:`j` of other items than :math:`i` [#]_. The teacher knows what is
    alike beyond items: shapes, materials, colours.

    .. [#] Soroush Abbasi Koohpayegani, Ajinkya Tejankar, Hamed Pirsiavash. CompRess:
       Self-Supervised Learning by Compressing Representations. NeurIPS 2020, section 3.
       There both sides have cosines, and one temperature.

    Args:
        x (:class:`~chainer.Variable` or array): Embeddings, :math:`(N, D)`, float32.
        teacher (array): The teacher's features :math:`t`, :math:`(N, T)`, float32, of
            unit length.
        item_id (array): :math:`(N,)`: what is of one item.
        temperature (float): :math:`\\tau`.

    Returns:
        ~chainer.Variable: A scalar; 0 if all are of one item.

    Raises:
        ValueError: If the lengths differ, or `temperature` is not positive.
    """
    if not len(x) == len(teacher) == len(item_id):
        raise ValueError(
            'x, teacher and item_id must be of one length, not '
            f'{len(x)}, {len(teacher)} and {len(item_id)}')
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, not {temperature}')
    xp = backend.get_array_module(teacher)
    is_same = item_id[:, None] == item_id
    known = ~is_same.all(axis=1)
    norm = F.sum(x * x, axis=1)
    distance = (
        F.broadcast_to(norm[:, None], is_same.shape) + F.broadcast_to(norm, is_same.shape)
        - 2 * F.matmul(x, x, transb=True))
    log_p = F.log_softmax((_NEVER - distance.array.max()) * is_same - distance)
    logit = teacher @ teacher.T / np.float32(temperature) + _NEVER * is_same
    logit -= logit.max(axis=1, keepdims=True)
    log_q = logit - xp.log(xp.exp(logit).sum(axis=1, keepdims=True))
    q = xp.exp(log_q) * known[:, None]
    return F.sum(q * (log_q - log_p)) / max(int(known.sum()), 1)
