import math
import os
from collections.abc import Iterable
from typing import Any

from vasily_fashion.links.style_extractor.chainer_v1_batch_normalization import (
    ChainerV1BatchNormalization,
)
from vasily_fashion.transforms import letterbox
from vasily_fashion.utils import check_images, load_weights, locate_weights, weights_sha256

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import backend, initializers


def _convolution(in_channels, out_channels):
    # The article gives wscale=0.02*sqrt(fan_in). Chainer 1.17 multiplied
    # the initial weights by the square root of wscale.
    wscale = 0.02 * math.sqrt(9 * in_channels)
    return L.Convolution2D(
        in_channels, out_channels, 3, pad=1,
        initialW=initializers.LeCunNormal(math.sqrt(wscale)))


class StyleExtractorBN(chainer.Chain):
    """The article's network, from an item image to 128 floats.

    StyleNet [#]_ with batch normalisation, layer for layer and name for name
    as in VASILY's article. From the same NumPy seed it starts with the same
    weights as the article's code on Chainer 1.17. Its input is a batch of
    shape :math:`(N, 3, 384, 256)`, RGB, :math:`[0, 1]`.

    .. [#] Edgar Simo-Serra, Hiroshi Ishikawa. Fashion Style in 128 Floats:
       Joint Ranking and Classification using Weak Data for Feature
       Extraction. CVPR 2016.

    Args:
        pretrained_model (str): The path of an .npz file (one written by
            Chainer 1.17 is fine), 'fashion' for this library's weights, or
            :obj:`None` for the initial ones.
        strict (bool): Whether the file must have all layers. If not, such as
            to train from it, a warning names those that it has not.

    Attributes:
        dim (int): The length of an embedding.
    """

    insize = (384, 256)
    dim = 128
    batch_size = 16

    def __init__(
            self, pretrained_model: str | os.PathLike[str] | None = None,
            strict: bool = True) -> None:
        super().__init__()
        self._train: bool | None = None
        with self.init_scope():
            self.conv1_1 = _convolution(3, 64)
            self.conv1_2 = _convolution(64, 64)
            self.conv2_1 = _convolution(64, 128)
            self.conv2_2 = _convolution(128, 128)
            self.conv3_1 = _convolution(128, 256)
            self.conv3_2 = _convolution(256, 256)
            self.conv4_1 = _convolution(256, 128)
            self.fc5 = L.Linear(3072, 128)
            self.bn1_1 = ChainerV1BatchNormalization(64)
            self.bn1_2 = ChainerV1BatchNormalization(64)
            self.bn2_1 = ChainerV1BatchNormalization(128)
            self.bn2_2 = ChainerV1BatchNormalization(128)
            self.bn3_1 = ChainerV1BatchNormalization(256)
            self.bn3_2 = ChainerV1BatchNormalization(256)
        if pretrained_model is not None:
            load_weights(
                locate_weights(pretrained_model, 'style_extractor_bn'), self,
                strict=strict)

    @property
    def train(self) -> bool:
        """bool: Whether dropout and batch statistics are on.

        Follows `chainer.config.train` until it is set, as Chainer v1 code
        sets it: ``model.train = True``. Setting :obj:`None` goes back.
        """
        if self._train is None:
            return chainer.config.train
        return self._train

    @train.setter
    def train(self, train: bool | None) -> None:
        self._train = train

    @property
    def fingerprint(self) -> str:
        """str: Of the weights, see :func:`~vasily_fashion.utils.weights_sha256`."""
        return weights_sha256(self)

    def __call__(self, x: Any) -> chainer.Variable:
        with chainer.using_config('train', self.train):
            return super().__call__(x)

    def forward(self, x: Any) -> chainer.Variable:
        """Embed a prepared batch, as in the article's listing.

        Args:
            x (~chainer.Variable or array): :math:`(N, 3, 384, 256)`, float32,
                as :meth:`prepare` makes them.

        Returns:
            ~chainer.Variable: :math:`(N, 128)`, not normalised.
        """
        h = F.relu(self.bn1_1(self.conv1_1(x)))
        h = F.relu(self.bn1_2(self.conv1_2(h)))
        h = F.max_pooling_2d(h, 4, stride=4)
        h = F.dropout(h, 0.25)

        h = F.relu(self.bn2_1(self.conv2_1(h)))
        h = F.relu(self.bn2_2(self.conv2_2(h)))
        h = F.max_pooling_2d(h, 4, stride=4)
        h = F.dropout(h, 0.25)

        h = F.relu(self.bn3_1(self.conv3_1(h)))
        h = F.relu(self.bn3_2(self.conv3_2(h)))
        h = F.max_pooling_2d(h, 4, stride=4)
        h = F.dropout(h, 0.25)

        h = F.relu(self.conv4_1(h))
        return self.fc5(h)

    @classmethod
    def prepare(cls, img: Any) -> Any:
        """Resize an image to the network's input, in training and in use.

        The image is letterboxed on white and its values are divided by 255.

        Args:
            img (array): :math:`(3, H, W)`, RGB, :math:`[0, 255]`, of NumPy or
                CuPy.

        Returns:
            array: :math:`(3, 384, 256)`, float32, :math:`[0, 1]`, where `img`
            is.
        """
        return letterbox(img, cls.insize) / np.float32(255)

    def __repr__(self) -> str:
        return f'<StyleExtractorBN of {self.dim} numbers on {self.device}>'

    def extract(self, imgs: Iterable[Any]) -> Any:
        """Embed raw images.

        Args:
            imgs (iterable): Images of any size, each :math:`(3, H, W)`,
                float32, RGB, :math:`[0, 255]`, of NumPy or CuPy; or paths, or
                images of Pillow.

        Returns:
            array: :math:`(N, 128)`, float32, not normalised: compare by
            squared L2. An empty list gives :math:`(0, 128)`. A NumPy array; of
            images of CuPy, which are resized on the GPU, an array where the
            link is.

        Raises:
            TypeError, ValueError: If an image is not of that form; the
                message names its index.
        """
        checked: Any = check_images(imgs, 'imgs')
        device = backend.get_device_from_array(*checked)
        if device.xp is not np:
            device, checked = self.device, self.device.send(checked)
        with chainer.using_config('train', False), \
                chainer.no_backprop_mode(), chainer.using_device(self.device):
            embeddings = device.xp.empty((len(checked), self.dim), np.float32)
            for i in range(0, len(checked), self.batch_size):
                x = device.xp.stack([
                    self.prepare(img) for img in checked[i:i + self.batch_size]])
                y = self.forward(self.device.send(x))
                embeddings[i:i + self.batch_size] = device.send(y.array)
        return embeddings
