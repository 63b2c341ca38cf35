from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vasily_fashion.datasets.compare_size import compare_size
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.utils import ImageReadError, read_image

import numpy as np
from tqdm import tqdm

_N_THREAD = 4


def leave_out_broken(dataset: Any) -> tuple[Any, dict[str, str]]:
    """Read every image once, and leave out what cannot be read.

    Otherwise a damaged image raises when its example is asked for, which may
    be hours into a training.

    Args:
        dataset: A reader of this library, with `root` and `names`.

    Returns:
        (dataset, dict):
        The dataset without examples of broken images and of images of another
        size than annotated, with its `root`, `names` and categories; the name of
        each, and what is wrong with it.
    """
    broken, of_another_size = find_faults(dataset)
    broken |= of_another_size
    keep = np.array([name not in broken for name in dataset.names], bool)
    if isinstance(dataset, RetrievalDataset):
        return dataset.choose(keep), broken
    kept = dataset.slice[keep.tolist()]
    for name in ('root', 'label_names', 'labelled', 'sizes'):
        if hasattr(dataset, name):
            setattr(kept, name, getattr(dataset, name))
    kept.names = [name for name, k in zip(dataset.names, keep, strict=True) if k]
    return kept, broken


def find_faults(
        dataset: Any, look: Callable[[str, np.ndarray], Any] = lambda name, img: None
) -> tuple[dict[str, str], dict[str, str]]:
    """Read every image of a dataset once.

    Args:
        dataset: As of :func:`leave_out_broken`.
        look (callable): Takes the name and the image of each that can be
            read.

    Returns:
        (dict, dict): From the name of each image that cannot be read, and of each of another
        size than annotated, to what is wrong with it.
    """
    names = list(dict.fromkeys(dataset.names))
    sizes = getattr(dataset, 'sizes', {})
    broken, of_another_size = {}, {}

    def read(name):
        try:
            return read_image(dataset.root / name)
        except ImageReadError as error:
            return error

    with ThreadPoolExecutor(_N_THREAD) as executor, \
            tqdm(total=len(names), desc='images', disable=None) as bar:
        # a few at a time, since map would hold all images
        for start in range(0, len(names), 8 * _N_THREAD):
            some = names[start:start + 8 * _N_THREAD]
            for name, img in zip(some, executor.map(read, some), strict=True):
                if isinstance(img, ImageReadError):
                    broken[name] = str(img)
                else:
                    if fault := compare_size(
                            dataset.root / name, img.shape[1:], sizes.get(name)):
                        of_another_size[name] = fault
                    look(name, img)
                bar.update()
    return broken, of_another_size
