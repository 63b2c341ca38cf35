import os
from collections.abc import Iterable, Sequence
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.transforms import resize
from vasily_fashion.utils import check_images, load_weights, locate_weights

import chainer
import numpy as np
from chainer import backend
from chainercv.links import SSD300

# Photos that the network has at a time: 23 MB each in its first layer.
_BATCH_SIZE = 16


class FashionSSD300(SSD300):
    """SSD300 for fashion items.

    ChainerCV's SSD300 [#]_ with as many classes as there are fashion
    categories. A prediction's label is an index into `label_names`. Boxes of
    a score of 0.3 or more are predicted: see :meth:`use_preset`.

    .. [#] Wei Liu, Dragomir Anguelov, Dumitru Erhan, Christian Szegedy,
       Scott Reed, Cheng-Yang Fu, Alexander C. Berg.
       SSD: Single Shot MultiBox Detector. ECCV 2016.

    Args:
        n_fg_class (int): The number of classes without the background; that
            of `label_names` when :obj:`None`.
        pretrained_model (str): The path of an .npz file, 'fashion' for this
            library's weights, 'imagenet' (VGG16) or 'voc0712' for
            ChainerCV's, or :obj:`None` for the initial ones.
        label_names (sequence of str): The names of the classes;
            FASHION_CATEGORIES by default.
        strict (bool): Whether `pretrained_model` must have all layers, for
            these classes. If not, such as to train from it, those that depend
            on the classes are left out where it is of others; a warning says
            so.

    Attributes:
        label_names (tuple of str): See above. Where `n_fg_class` alone is
            given, and is not that of FASHION_CATEGORIES, those of the file;
            :obj:`None` if it has none.

    Raises:
        OSError: If the file is missing or damaged.
        ValueError: If it does not fit, or `n_fg_class` is not the number of
            `label_names`.
    """

    def __init__(
            self, n_fg_class: int | None = None,
            pretrained_model: str | os.PathLike[str] | None = None,
            label_names: Sequence[str] | None = None,
            strict: bool = True) -> None:
        if label_names is None and n_fg_class in (None, len(FASHION_CATEGORIES)):
            label_names = FASHION_CATEGORIES
        if label_names is not None:
            label_names = tuple(label_names)
            if n_fg_class not in (None, len(label_names)):
                raise ValueError(
                    f'n_fg_class is {n_fg_class}, and there are '
                    f'{len(label_names)} label_names')
            n_fg_class = len(label_names)
        super().__init__(n_fg_class=n_fg_class)
        self.label_names = label_names
        self._initialize_params()
        if pretrained_model is not None:
            url = self._models.get(pretrained_model, {}).get('url')
            load_weights(
                locate_weights(pretrained_model, 'fashion_ssd300', url), self,
                class_dependent=('/multibox/conf/',), strict=strict)

    def _initialize_params(self):
        # ChainerCV leaves input channels open until the first forward pass;
        # with every shape known, a file of other shapes is told from ours.
        n_channel = 3
        for name in convolution_names(self.extractor):
            _initialize(self.extractor[name], n_channel)
            n_channel = self.extractor[name].out_channels
        sources = ('conv4_3', 'conv7', 'conv8_2', 'conv9_2', 'conv10_2',
                   'conv11_2')
        for heads in (self.multibox.loc, self.multibox.conf):
            for head, source in zip(heads, sources, strict=True):
                _initialize(head, self.extractor[source].out_channels)

    def __repr__(self) -> str:
        return (f'<FashionSSD300 of {self.n_fg_class} classes on {self.device}, '
                f'score_thresh {self.score_thresh:g}>')

    def use_preset(self, preset: str) -> None:
        """Set `nms_thresh` and `score_thresh`, as ChainerCV does.

        Args:
            preset ({'visualize', 'evaluate'}): 'visualize', which a new
                detector has, is for people and for retrieval: 0.45 and 0.3,
                where ChainerCV has 0.6. 'evaluate' is for average precision:
                0.45 and 0.01.
        """
        SSD300.use_preset(self, preset)
        if preset == 'visualize':
            self.score_thresh = .3

    def predict(
            self, imgs: Iterable[Any],
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Detect items in raw images.

        Args:
            imgs (iterable): Images of any size, each :math:`(3, H, W)`,
                float32, RGB, :math:`[0, 255]`, of NumPy, or of CuPy, to be
                resized on the GPU; or paths, or images of Pillow.

        Returns:
            tuple of lists:
            (bboxes, labels, scores) as of
            :meth:`chainercv.links.model.ssd.SSD.predict`: for each image
            :math:`(R, 4)` float32, :math:`(R,)` int32 and :math:`(R,)`
            float32.

        Raises:
            TypeError, ValueError: If an image is not of that form; the
                message names its index.
        """
        imgs = check_images(imgs, 'imgs')
        bboxes: list[np.ndarray] = []
        labels: list[np.ndarray] = []
        scores: list[np.ndarray] = []
        with chainer.using_device(self.device):
            for start in range(0, len(imgs), _BATCH_SIZE):
                batch = imgs[start:start + _BATCH_SIZE]
                if backend.get_array_module(*batch) is not np:
                    batch = self.device.send(batch)
                for found, of_batch in zip(
                        (bboxes, labels, scores), super().predict(batch), strict=True):
                    found += of_batch
        return bboxes, labels, scores

    def _prepare(self, img):
        if isinstance(img, np.ndarray):
            return super()._prepare(img)
        img = resize(img, (self.insize, self.insize))
        img -= self.xp.asarray(self.mean)
        return img


def _initialize(convolution, in_channels):
    kh = kw = convolution.ksize
    convolution.W.initialize(
        (convolution.out_channels, in_channels, kh, kw))
