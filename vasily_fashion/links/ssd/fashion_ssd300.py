import os
from collections.abc import Iterable

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.utils import check_images, load_weights, locate_weights

import numpy as np
from chainercv.links import SSD300


class FashionSSD300(SSD300):
    """SSD300 for fashion items.

    ChainerCV's SSD300 [#]_ with as many classes as there are fashion
    categories. A prediction's label is an index into
    `vasily_fashion.categories.FASHION_CATEGORIES`.

    .. [#] Wei Liu, Dragomir Anguelov, Dumitru Erhan, Christian Szegedy,
       Scott Reed, Cheng-Yang Fu, Alexander C. Berg.
       SSD: Single Shot MultiBox Detector. ECCV 2016.

    Args:
        n_fg_class (int): The number of classes without the background; the
            number of fashion categories when :obj:`None`.
        pretrained_model (str): The path of an .npz file, 'fashion' for this
            library's weights, 'imagenet' (VGG16) or 'voc0712' for
            ChainerCV's, or :obj:`None` for the initial ones. Of weights of
            another class count all but the class-dependent layers are
            loaded; a warning says which were left out.
    """

    def __init__(
            self, n_fg_class: int | None = None,
            pretrained_model: str | os.PathLike[str] | None = None) -> None:
        if n_fg_class is None:
            n_fg_class = len(FASHION_CATEGORIES)
        super().__init__(n_fg_class=n_fg_class)
        self._initialize_params()
        if pretrained_model is not None:
            url = self._models.get(pretrained_model, {}).get('url')
            load_weights(
                locate_weights(pretrained_model, 'fashion_ssd300', url), self,
                class_dependent=('/multibox/conf/',))

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

    def predict(
            self, imgs: Iterable[np.ndarray],
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Detect items in raw images.

        Args:
            imgs (iterable of numpy.ndarray): Images of any size, each
                :math:`(3, H, W)`, float32, RGB, :math:`[0, 255]`.

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
        if not imgs:
            return [], [], []
        return super().predict(imgs)


def _initialize(convolution, in_channels):
    kh = kw = convolution.ksize
    convolution.W.initialize(
        (convolution.out_channels, in_channels, kh, kw))
