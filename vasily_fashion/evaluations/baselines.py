"""The generic features that the article's embedding is compared with.

Both return vectors of unit length, so that squared L2 orders as the cosine.
"""
import functools
import os
from collections.abc import Iterable

from vasily_fashion.links import FashionSSD300
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.transforms import letterbox

import chainer
import chainer.functions as F
import cv2
import numpy as np


def hsv_histogram(imgs: Iterable[np.ndarray]) -> np.ndarray:
    """Colour histograms of 8 hues, 8 saturations and 4 values.

    Pixels as white as a product image's background do not count.

    Args:
        imgs (iterable of numpy.ndarray): RGB, (3, H, W), 0..255.

    Returns:
        numpy.ndarray: (N, 256), float32.
    """
    features = []
    for img in imgs:
        hsv = cv2.cvtColor(
            np.ascontiguousarray(img.transpose(1, 2, 0) / np.float32(255)),
            cv2.COLOR_RGB2HSV)
        coloured = (img.min(axis=0) < 250).astype(np.uint8)
        features.append(cv2.calcHist(
            [hsv], [0, 1, 2], coloured, (8, 8, 4),
            [0, 360.01, 0, 1.01, 0, 1.01]).ravel())
    return _unit(features)


def vgg16_features(
        imgs: Iterable[np.ndarray],
        weights: str | os.PathLike[str]) -> np.ndarray:
    """Activations of VGG16's conv5_3, averaged over a 224 x 224 image.

    Args:
        imgs (iterable of numpy.ndarray): RGB, (3, H, W), 0..255.
        weights (str or path): 'imagenet', or what `examples/ssd/convert.py` wrote.

    Returns:
        numpy.ndarray: (N, 512), float32.
    """
    model, names = _load_vgg16(str(weights))
    extractor = model.extractor
    features = []
    with chainer.no_backprop_mode():
        for img in imgs:
            h = (letterbox(img, (224, 224)) - model.mean).astype(np.float32)
            h = h[None]
            for i, name in enumerate(names):
                h = F.relu(extractor[name](h))
                if i in (1, 3, 6, 9):   # after each block but the last
                    h = F.max_pooling_2d(h, 2)
            features.append(h.array.mean(axis=(0, 2, 3)))
    return _unit(features)


@functools.cache
def _load_vgg16(weights):
    model = FashionSSD300(pretrained_model=weights, strict=False)
    return model, convolution_names(model.extractor, 'conv5_3')


def _unit(features):
    features = np.asarray(features, np.float32)
    return features / np.maximum(
        np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
