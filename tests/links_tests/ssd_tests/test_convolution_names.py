from vasily_fashion.links.ssd.convolution_names import convolution_names

import chainer
import chainer.links as L
import numpy as np
from chainercv.links.model.ssd import VGG16Extractor300


class _Order(chainer.LinkHook):

    name = 'order'

    def __init__(self):
        self.names = []

    def forward_preprocess(self, args):
        if (args.link.name or '').startswith('conv'):
            self.names.append(args.link.name)


def test_numbers_are_not_sorted_as_letters():
    extractor = chainer.Chain()
    with extractor.init_scope():
        for name in ('conv11_2', 'conv2_1', 'conv10_1', 'conv1_10', 'conv1_2'):
            setattr(extractor, name, L.Convolution2D(1, 1, 1))
        extractor.norm4 = L.Scale(axis=1, W_shape=(1,))
    assert convolution_names(extractor) == [
        'conv1_2', 'conv1_10', 'conv2_1', 'conv10_1', 'conv11_2']


def test_vgg16_in_the_order_of_its_forward_pass():
    extractor = VGG16Extractor300()
    # one output channel each: the order does not depend on the width
    for link in extractor.children():
        if link.name.startswith('conv'):
            link.out_channels = 1
            link.b.array = link.b.array[:1]
    extractor.norm4 = L.Scale(axis=1, W_shape=(1,))
    extractor.norm4.name = 'norm4'
    with _Order() as hook, chainer.no_backprop_mode():
        extractor(np.zeros((1, 3, 300, 300), np.float32))
    assert convolution_names(extractor) == hook.names
    assert len(hook.names) == 23
