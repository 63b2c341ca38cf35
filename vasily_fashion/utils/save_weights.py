import os
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.utils.atomic_write import atomic_write

import chainer
import numpy as np
from chainer.backends import cuda
from chainer.serializers import DictionarySerializer


def save_weights(
        path: str | os.PathLike[str], link: chainer.Link,
        dtype: Any = None) -> None:
    """Write a link's weights as :func:`load_weights` reads them.

    The file is that of `chainer.serializers.save_npz`, but written at once or
    not at all, and always the same bytes for the same weights. Of a link with
    `label_names` other than FASHION_CATEGORIES it has these as well.

    Args:
        path (str or path): The .npz file.
        link (chainer.Link): The link, on any device.
        dtype: What floating point arrays are stored as, such as
            :obj:`numpy.float16` for half the size; as they are by default.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If a value is too large for `dtype`, or not finite.
    """
    serializer = DictionarySerializer()
    serializer.save(link)
    arrays: dict[str, Any] = {}
    for name, value in serializer.target.items():
        array = np.asarray(cuda.to_cpu(value))
        if dtype is not None and array.dtype.kind == 'f':
            with np.errstate(over='ignore'):
                array = array.astype(dtype)
        if array.dtype.kind == 'f' and not np.isfinite(array).all():
            raise ValueError(
                f'{name} holds values that are not finite as '
                f'{array.dtype.name}: they would be useless to load')
        arrays[name] = array
    label_names = getattr(link, 'label_names', None)
    if label_names and label_names != FASHION_CATEGORIES:
        arrays['label_names'] = np.array(label_names)
    with atomic_write(path) as file:
        np.savez(file, **arrays)
