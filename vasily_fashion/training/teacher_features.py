import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from vasily_fashion.datasets.pair_dataset import PairDataset
from vasily_fashion.evaluations.baselines import hsv_histogram
from vasily_fashion.training.frozen_features import FrozenFeatures
from vasily_fashion.transforms import letterbox, trim_ground

import numpy as np

_N_KEY = 16
# Room around products on a plain ground, as a share of their sides.
_ROOM = .05


def teacher_features(
        dataset: PairDataset, item_ids: np.ndarray, teachers: Sequence[str],
        folder: str | os.PathLike[str]) -> np.ndarray:
    """What teachers see in the product images of pairs.

    Each teacher's features are centred and scaled to unit length, so that the cosine
    of an item's with another's is the mean of the teachers' cosines.

    Args:
        dataset (vasily_fashion.datasets.PairDataset): The pairs.
        item_ids (numpy.ndarray): :math:`(N,)`, int: their items, numbered from 0.
        teachers (sequence of str): 'hsv' for histograms of colours, or ONNX files of
            networks that take :math:`(1, 3, H, W)` float32, RGB, :math:`[0, 255]`, of a
            fixed size, into which images are fitted on white, and return
            :math:`(1, T)`.
        folder (str or path): They are kept in a folder of this one, float16; killed, it
            goes on.

    Returns:
        numpy.ndarray: :math:`(I, T)`, float32, of unit length: of each item's first
        product image.

    Raises:
        ImportError: If there is a file, and ONNX Runtime is not installed.
        OSError: If a file or an image cannot be read.
        ValueError: If a file is no such network.
    """
    rows = np.unique(item_ids, return_index=True)[1].tolist()
    embeds = [_open(teacher) for teacher in teachers]

    def make(i):
        return trim_ground(dataset.read_product(rows[i]), _ROOM)

    first = [embed(make(0)) for embed in embeds]
    # some images stand for all
    some = np.unique(np.linspace(0, len(rows) - 1, _N_KEY).astype(int)).tolist()
    parts_of_key = [
        item_ids.tobytes(),
        *(t.encode() if t == 'hsv' else Path(t).read_bytes() for t in teachers),
        *(dataset.read_product(rows[i]).tobytes() for i in some)]
    key = b''.join(hashlib.sha256(part).digest() for part in parts_of_key)
    kept = FrozenFeatures(
        Path(folder, f'teacher_{hashlib.sha256(key).hexdigest()[:12]}'),
        (sum(map(len, first)),), len(rows), key)
    kept.fill(make, lambda img: np.concatenate([embed(img) for embed in embeds]), 'teachers')
    features = np.stack([kept[i] for i in range(len(rows))])
    features -= features.mean(axis=0)
    parts = np.split(features, np.cumsum([len(x) for x in first])[:-1], axis=1)
    return np.concatenate([
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
        for x in parts], axis=1) / np.float32(len(parts) ** .5)


def _open(teacher: str) -> Callable[[np.ndarray], np.ndarray]:
    if teacher == 'hsv':
        return lambda img: hsv_histogram([img])[0]
    if not os.path.isfile(teacher):
        raise FileNotFoundError(
            f"{teacher}: a teacher is 'hsv', or an ONNX file, and there is no such file")
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise ImportError(
            f"{teacher} needs ONNX Runtime: pip install onnxruntime") from error
    try:
        session = ort.InferenceSession(teacher, providers=['CPUExecutionProvider'])
        (put,) = session.get_inputs()
        _, _, height, width = put.shape

        def embed(img):
            img = letterbox(img, (height, width))[None]
            with np.errstate(over='ignore'):  # what is too large is told below
                return session.run(None, {put.name: img})[0].astype(np.float16)

        shape = embed(np.zeros((3, 1, 1), np.float32)).shape
    except Exception as error:  # ONNX Runtime has classes of its own
        raise ValueError(
            f'{teacher} is no network that takes (1, 3, H, W) of a fixed size: {error}') from error
    if shape[:1] != (1,) or np.prod(shape[2:]) != 1:
        raise ValueError(f'{teacher} returns {shape}, not (1, T)')

    def checked(img):
        features = embed(img).reshape(-1)
        if not np.isfinite(features).all():
            raise ValueError(f'{teacher} returns features that are too large for float16, or NaN')
        return features

    return checked
