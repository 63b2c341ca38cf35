"""Chainer's convolutional networks, faster on CPUs.

Chainer builds fresh im2col buffers of hundreds of megabytes a call, in one
thread. Here convolution, max pooling and batch normalisation, forward and
backward, work one image at a time in cache-sized pieces on reused memory,
the images spread over the cores. Results are Chainer's to float32 rounding.

What is left is passes over memory, and they are spread over the cores too: the
sum over images and pixels (the gradient of a convolution's bias) and, to the
same bits as Chainer's, ReLU, the updates of Adam and momentum SGD, and weight
decay.

Importing this package puts it in place (`vasily_fashion.links` does). It is
on by default and is switched as any entry of `chainer.config`:

    with chainer.using_config('accelerate', False):
        y = model(x)

With 'fast' instead of True, 3 x 3 convolutions take a quarter of the
multiplications (Winograd's) at ten times the rounding error, 1.5e-6 instead of
1.5e-7 of the output's spread, and sums are no longer added up in Chainer's
order: what training on a CPU wants.

ChainerCV's non-maximum suppression of boxes is among them as well, and selects
the same boxes.

CuPy arrays, grouped convolutions, half floats and more than two spatial
dimensions go to Chainer's own code.
"""
from vasily_fashion.accelerate import (
    batch_normalization,
    convolution_2d,
    max_pooling_2d,
    non_maximum_suppression,
    optimizers,
    relu,
)

import chainer

if not hasattr(chainer.global_config, 'accelerate'):
    chainer.global_config.accelerate = True  # type: ignore[attr-defined]
batch_normalization.install()
convolution_2d.install()
max_pooling_2d.install()
non_maximum_suppression.install()
optimizers.install()
relu.install()
