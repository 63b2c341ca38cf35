from typing import TYPE_CHECKING

from vasily_fashion.visualizations._picture import BLUE, INK, RED, new_axes

import chainer
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

if TYPE_CHECKING:
    from vasily_fashion.links import FashionSSD300

# Of the drawing, in its own units.
_GAP = .4
_DEPTH = .28
_N_VGG = 7  # VGG16's convolutions have the numbers 1 to 5, then 6 and 7


def vis_ssd_network(
        model: 'FashionSSD300', img: np.ndarray | None = None,
        ax: Axes | None = None) -> Axes:
    """Draw the feature maps of an SSD, and which of them predict.

    Drawn from the model itself: a photo of zeros goes through it, and each
    convolution whose output has another size or another number of channels
    than the one before is a block, as high as the logarithm of its height and
    as wide as that of its channels. Blocks that predict are red; below them
    stands the number of boxes. A bracket marks what is VGG16, whose last two
    layers are convolutions here, and what SSD adds to it.

    Args:
        model (vasily_fashion.links.FashionSSD300): The detector.
        img (numpy.ndarray): A photo to draw as the input, :math:`(3, H, W)`,
            float32, RGB, :math:`[0, 255]`.
        ax (matplotlib.axes.Axes): Where to draw; new axes by default.

    Returns:
        matplotlib.axes.Axes: The axes.
    """
    ax = ax or new_axes(12, 4)
    x = 0.
    n_box = 0
    brackets: dict[str, list[float]] = {'VGG16': [], 'added by SSD': []}
    for name, shape, ratios in feature_maps(model):
        n_channel, height, _ = shape
        w, h = max(.11 * np.log2(n_channel), .4), .32 * np.log2(height + 1)
        colour = BLUE if ratios is None else RED
        if name == 'photo':
            w = h
        else:
            brackets['VGG16' if _number(name) <= _N_VGG else 'added by SSD'] += [
                x, x + w + _DEPTH]
        _block(ax, x, w, h, colour)
        if name == 'photo' and img is not None:
            ax.imshow(
                np.clip(img, 0, 255).astype(np.uint8).transpose(1, 2, 0),
                extent=(x, x + w, -h / 2, h / 2), zorder=2)
        ax.text(x + w / 2 + _DEPTH / 2, h / 2 + _DEPTH + .03, name,
                ha='center', va='bottom', fontsize=8, color=INK)
        ax.text(x + w / 2, -h / 2 - .1, f'{height}²\n{n_channel}',
                ha='center', va='top', fontsize=7, color=INK)
        if ratios is not None:
            n = height ** 2 * (2 * len(ratios) + 2)
            n_box += n
            ax.annotate(
                f'{n:,}', (x + w / 2, -h / 2 - .62), (x + w / 2, -2.75),
                ha='center', va='top', fontsize=8, color=RED,
                arrowprops={'arrowstyle': '<-', 'color': RED})
        x += w + _DEPTH + _GAP
    for name, ends in brackets.items():
        _bracket(ax, min(ends), max(ends), name)
    ax.text(0, -2.75, f'{n_box:,} default boxes,\neach with 4 offsets and\n'
            f'{model.n_fg_class + 1} scores', fontsize=8, color=RED, va='top')
    ax.set_xlim(-.3, x)
    ax.set_ylim(-3.4, 2.6)
    ax.set_aspect('equal')
    ax.axis('off')
    return ax


def feature_maps(
        model: 'FashionSSD300',
) -> list[tuple[str, tuple[int, ...], tuple[float, ...] | None]]:
    """What :func:`vis_ssd_network` draws.

    Args:
        model (vasily_fashion.links.FashionSSD300): The detector.

    Returns:
        list of (str, tuple, tuple):
        Name, shape :math:`(C, H, W)` and aspect ratios of each block, from the
        photo on; :obj:`None` as ratios where it does not predict.
    """
    hook = _Shapes()
    x = np.zeros((1, 3, model.insize, model.insize), np.float32)
    with chainer.using_config('train', False), chainer.no_backprop_mode(), hook:
        outputs = model.extractor(model.device.send(x))
    # the normalisation of conv4_3, from which SSD predicts, is part of it
    names = {id(link): 'conv4_3' if link.name == 'norm4' else link.name
             for link in model.extractor.children()}
    # a block by its shape, named by its last layer
    blocks = {(3, model.insize, model.insize): 'photo'}
    for link, shape in hook.shapes:
        if id(link) in names:
            blocks[shape] = names[id(link)]
    predicting = {y.shape[1:]: ratios for y, ratios in zip(
        outputs, model.multibox.aspect_ratios, strict=True)}
    return [(name, shape, predicting.get(shape)) for shape, name in blocks.items()]


class _Shapes(chainer.LinkHook):

    name = 'shapes'

    def __init__(self):
        self.shapes = []

    def forward_postprocess(self, args):
        if hasattr(args.out, 'shape'):
            self.shapes.append((args.link, args.out.shape[1:]))


def _block(ax, x, w, h, colour):
    for points, alpha in (
            ([(0, -h / 2), (w, -h / 2), (w, h / 2), (0, h / 2)], .85),
            ([(0, h / 2), (_DEPTH, h / 2 + _DEPTH),
              (w + _DEPTH, h / 2 + _DEPTH), (w, h / 2)], .6),
            ([(w, -h / 2), (w + _DEPTH, -h / 2 + _DEPTH),
              (w + _DEPTH, h / 2 + _DEPTH), (w, h / 2)], .7)):
        ax.add_patch(Polygon(
            np.array(points) + (x, 0), facecolor=colour, alpha=alpha,
            edgecolor='white', linewidth=.8))


def _number(name):
    """4 of conv4_3."""
    return int(name.removeprefix('conv').split('_')[0])


def _bracket(ax, left, right, name):
    ax.plot([left, left, right, right], [2.05, 2.2, 2.2, 2.05], color=INK, linewidth=1)
    ax.text((left + right) / 2, 2.25, name, ha='center', va='bottom', fontsize=9, color=INK)
