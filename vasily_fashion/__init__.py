"""Fashion item detection and retrieval with Chainer.

A street snap goes in; SSD300 finds the items and their categories;
StyleExtractorBN turns each crop into 128 floats; nearest-neighbour search
over a shop's product images returns similar items.

Importing this package first makes Chainer 7.8.1 and ChainerCV 0.13.1 work on
today's Python, NumPy, Pillow, OpenCV and CuPy (see `vasily_fashion.compat`).
"""
from vasily_fashion import compat  # noqa: F401  (before any import of chainer)

__version__ = '0.1.0'
