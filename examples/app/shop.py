"""The photos of a shop that clients may see."""
import functools
import logging
import os

from vasily_fashion.retrieval import Gallery

_N_SHOWN = 20  # of the photos that are left out

_log = logging.getLogger(__name__)


def open_shop(dataset):
    """The gallery of a data set, such as a folder of product photos.

    Photos that no client is to have are left out, and named in the log: links
    out of the folder, pipes and devices.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): The data set.

    Returns:
        Gallery: The rest, with the ids that :func:`build_index` gives.

    Raises:
        ValueError: If no photo is left.
    """
    gallery = Gallery.from_dataset(dataset)
    root = os.path.realpath(dataset.root)
    real_folder = functools.lru_cache(os.path.realpath)

    def why_not(path):
        folder, file = os.path.split(path)
        real = (os.path.realpath(path) if os.path.islink(path)
                else os.path.join(real_folder(folder), file))
        if os.path.commonpath([root, real]) != root:
            return f'it is a link out of {dataset.root}'
        return '' if os.path.isfile(real) else 'it is not a regular file'

    reasons = [why_not(path) for path in gallery.paths]
    left_out = [row for row, reason in enumerate(reasons) if reason]
    for row in left_out[:_N_SHOWN]:
        _log.warning('left out: %r: %s', os.path.relpath(
            gallery.paths[row], dataset.root), reasons[row])
    if len(left_out) > _N_SHOWN:
        _log.warning('left out: %d more', len(left_out) - _N_SHOWN)
    if len(left_out) == len(reasons):
        raise ValueError(
            f'{dataset.root} has no photo that can be shown; see the reasons above')
    return gallery.choose([row for row, reason in enumerate(reasons) if not reason])
