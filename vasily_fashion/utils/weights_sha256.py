import hashlib
from typing import Any

import chainer
import numpy as np
from chainer.backends import cuda


def weights_sha256(link: Any) -> str:
    """Return the SHA-256 of a link's weights, which says what made an embedding.

    Args:
        link (chainer.Link): The network; or one that
            :func:`~vasily_fashion.deploy.compile_link` compiled, which is of
            the same weights as the link it was made of.

    Returns:
        str: The sha256 of all parameters and running statistics, their names,
        types and shapes, in hexadecimal digits.
    """
    if not isinstance(link, chainer.Link):
        return link.fingerprint
    digest = hashlib.sha256()
    for name, array in _arrays(link):
        digest.update(name.encode())
        digest.update(str((array.dtype, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _arrays(link):
    for name, param in sorted(link.namedparams()):
        yield name, np.asarray(cuda.to_cpu(param.array))
    for child_name, child in sorted(link.namedlinks()):
        for name in sorted(child._persistent):
            value = getattr(child, name)
            if hasattr(value, 'dtype'):
                yield f'{child_name}/{name}', np.asarray(cuda.to_cpu(value))
