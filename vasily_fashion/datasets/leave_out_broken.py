from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vasily_fashion.datasets.compare_size import compare_size
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.utils import ImageReadError, read_image

import numpy as np
from tqdm import tqdm


def leave_out_broken(
        dataset: Any, n_thread: int = 4) -> tuple[Any, dict[str, str]]:
    """Read every image once, and leave out what cannot be read.

    Otherwise a damaged image raises when its example is asked for, which may
    be hours into a training.

    Args:
        dataset: A reader of this library, with `root` and `names`.
        n_thread (int): How many images are read at a time.

    Returns:
        (dataset, dict):
        The dataset without examples of broken images and of images of another
        size than annotated, with its `root`, `names` and categories; the name of
        each, and what is wrong with it.
    """
    sizes = getattr(dataset, 'sizes', {})
    of_another_size = {}

    def look(name, img):
        fault = compare_size(dataset.root / name, img.shape[1:], sizes.get(name))
        if fault:
            of_another_size[name] = fault

    broken = {**find_broken(dataset, n_thread, look), **of_another_size}
    keep = np.array([name not in broken for name in dataset.names], bool)
    if isinstance(dataset, RetrievalDataset):
        return dataset.choose(keep), broken
    kept = dataset.slice[keep.tolist()]
    for name in ('root', 'label_names', 'labelled', 'sizes'):
        if hasattr(dataset, name):
            setattr(kept, name, getattr(dataset, name))
    kept.names = [name for name, k in zip(dataset.names, keep, strict=True) if k]
    return kept, broken


def find_broken(
        dataset: Any, n_thread: int = 4,
        look: Callable[..., Any] | None = None) -> dict[str, str]:
    """Read every image of a dataset once.

    Args:
        dataset, n_thread: As of :func:`leave_out_broken`.
        look (callable): Takes the name and the image of each that can be
            read.

    Returns:
        dict: From the name of each broken image to what is wrong with it.
    """
    names = list(dict.fromkeys(dataset.names))
    broken = {}

    def read(name):
        try:
            return read_image(dataset.root / name)
        except ImageReadError as error:
            return error

    with ThreadPoolExecutor(n_thread) as executor, \
            tqdm(total=len(names), desc='images', disable=None) as bar:
        # a few at a time, since map would hold all images
        for start in range(0, len(names), 8 * n_thread):
            some = names[start:start + 8 * n_thread]
            for name, img in zip(some, executor.map(read, some), strict=True):
                if isinstance(img, ImageReadError):
                    broken[name] = str(img)
                elif look is not None:
                    look(name, img)
                bar.update()
    return broken
