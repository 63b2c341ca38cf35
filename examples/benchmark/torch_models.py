"""The networks that a PyTorch user would take, with this library's weights.

torch and torchvision are needed by these benchmarks alone:

    .venv/bin/python -m pip install torch torchvision
"""
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.links.ssd.convolution_names import convolution_names

import cv2
import numpy as np
import torch
from torch import nn


def ssd300(link):
    """torchvision's SSD300 as it comes, with the weights of ours.

    Its default boxes are others, so its detections are not ours; that they
    are about as many is what matters to decoding and non-maximum suppression.

    Args:
        link (vasily_fashion.links.FashionSSD300): Where the weights are.

    Returns:
        torchvision.models.detection.SSD: It takes a list of (3, H, W)
        images, 0..1.
    """
    model = _torchvision().models.detection.ssd300_vgg16(
        weights=None, weights_backbone=None,
        num_classes=len(FASHION_CATEGORIES) + 1)
    convolutions = [m for part in (model.backbone.features, model.backbone.extra)
                    for m in part.modules() if isinstance(m, nn.Conv2d)]
    names = convolution_names(link.extractor)
    sources = [link.extractor[name] for name in names]
    for head, ours in (
            (model.head.classification_head, link.multibox.conf),
            (model.head.regression_head, link.multibox.loc)):
        convolutions += head.module_list
        sources += ours
    for convolution, source in zip(convolutions, sources, strict=True):
        _copy(convolution, source)
    with torch.no_grad():
        model.backbone.scale_weight.copy_(
            torch.from_numpy(link.extractor.norm4.scale.array))
    return model


class StyleExtractorBN(nn.Module):
    """The article's network in PyTorch, with the weights of a link.

    Args:
        link (vasily_fashion.links.StyleExtractorBN): Where the weights are.
    """

    def __init__(self, link):
        super().__init__()
        layers = []
        for block in (1, 2, 3):
            for layer in (1, 2):
                conv = link[f'conv{block}_{layer}']
                bn = link[f'bn{block}_{layer}']
                layers += [_convolution(conv), _batch_normalization(bn),
                           nn.ReLU()]
            layers += [nn.MaxPool2d(4), nn.Dropout(.25)]
        layers += [_convolution(link.conv4_1), nn.ReLU(), nn.Flatten(),
                   nn.Linear(3072, 128)]
        self.layers = nn.Sequential(*layers)
        _copy(self.layers[-1], link.fc5)

    def forward(self, x):
        return self.layers(x)


def _convolution(source):
    out_channels, in_channels = source.W.shape[:2]
    convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    _copy(convolution, source)
    return convolution


def _copy(module, source):
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(source.W.array))
        module.bias.copy_(torch.from_numpy(source.b.array))


def _batch_normalization(source):
    module = nn.BatchNorm2d(source.gamma.size, eps=source.eps)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(source.gamma.array))
        module.bias.copy_(torch.from_numpy(source.beta.array))
        module.running_mean.copy_(torch.from_numpy(source.avg_mean))
        # Chainer v1's running variance has eps in it
        module.running_var.copy_(
            torch.from_numpy(np.maximum(source.avg_var - source.eps, 0)))
    return module


def _torchvision():
    # The binary part of torchvision belongs to one build of torch, and does
    # not load with another, such as a build for CPUs. SSD wants its nms alone.
    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library('torchvision', 'FRAGMENT')
        _torchvision.library = library  # its operators live as long as it
        library.define(
            'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
        library.define(
            'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
        library.impl('nms', _nms, 'CPU')
        import torchvision
        torchvision.extension._has_ops = lambda: True
        torchvision.ops.boxes._assert_has_ops = lambda: None
    return torchvision


def _nms(boxes, scores, iou_threshold):
    boxes = boxes.numpy().copy()
    boxes[:, 2:] -= boxes[:, :2]
    kept = cv2.dnn.NMSBoxes(boxes, scores.numpy(), 0, iou_threshold)
    return torch.from_numpy(np.asarray(kept, np.int64).ravel())
