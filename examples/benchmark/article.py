"""The article's speed claim: SSD against Faster R-CNN and Selective Search.

The article quotes 58 images a second for SSD and 7 for Faster R-CNN, both on
PASCAL VOC, and names Selective Search as what holds back R-CNN and Fast R-CNN.
Here FashionSSD300, ChainerCV's FasterRCNNVGG16 and OpenCV's Selective Search
take turns on the same photos, of the size of PASCAL VOC's: 500 pixels along
the longer side. From raw photos to boxes, non-maximum suppression included.

FashionSSD300 has this library's weights, once with the scores from 0.3 on that
an application shows, once with all from 0.01 on that an evaluation wants, as
in the SSD paper. The less a detector was trained, the more boxes the latter
are, and non-maximum suppression is Python on a CPU.

FasterRCNNVGG16 is not trained, which must not change what it has to do:

- the sizes are those of its paper: photos are enlarged to 600 pixels along the
  shorter side, 6000 boxes go into the non-maximum suppression of the region
  proposal network, and the best 300 of what is left go on;
- VGG16's convolutions are those of FashionSSD300, so that feature maps and
  proposals follow what a photo shows;
- random class scores are nearly equal: at a fixed threshold all 300 regions
  would pass for each category, or none at all. The threshold is set so that 100
  boxes of the first photo pass; suppressing them takes milliseconds.

On a CPU Chainer's RoI pooling is a loop in Python. That is not the method's
doing, so Faster R-CNN is shown without its time as well.
"""
import argparse
import itertools
import sys

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.utils import find_device, read_image, write_json
from vasily_fashion.utils.machine import machine

import chainer
import chainer.functions as F
import cv2
import numpy as np
from chainer.function_hooks import TimerHook
from chainercv.links import FasterRCNNVGG16
from chainercv.transforms import scale
from interleaved import interleaved

SSD, ALL_SCORES = 'SSD300', 'SSD300, scores from 0.01'
FASTER_RCNN, LESS_POOLING = 'Faster R-CNN', 'Faster R-CNN less RoI pooling'
#: images a second, as the article quotes them
ARTICLE = {SSD: 58, FASTER_RCNN: 7}
#: boxes of a photo that are sure enough for Faster R-CNN's last step
N_SURE = 100


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python article.py --batch-size 8 --repeat 2')
    parser.add_argument(
        '--photo', nargs='+', metavar='FILE',
        help='photos in place of synthetic snaps')
    parser.add_argument(
        '--n-snap', type=int, default=8, help='synthetic snaps')
    parser.add_argument(
        '--long-side', type=int, default=500,
        help='height of the snaps, longer side of the photos, in pixels')
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument(
        '--repeat', type=int, default=7, help='rounds of which the median is taken')
    parser.add_argument(
        '--gpu', type=int, default=-1, help='the GPU to compute on; -1: the CPU')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    try:
        device = find_device(args.gpu)
    except ValueError as error:
        parser.error(str(error))
    with chainer.using_config('accelerate', 'fast'):
        result = measure(args, device)
    write_json(args.json, result)


def measure(args, device):
    """Print the times; return them by name."""
    device.use()
    imgs = photos(args)
    works, n_box, pooling = {}, {}, []
    for name, (find, batch_size) in finders(
            imgs, device, args.batch_size, pooling).items():
        n_box[name] = []
        works[name] = in_turn(find, imgs, batch_size, n_box[name])
    seconds = interleaved(works, args.repeat)
    seconds[LESS_POOLING] = seconds[FASTER_RCNN] - float(np.median(pooling[1:]))
    n_box[LESS_POOLING] = n_box[FASTER_RCNN]
    for name in (SSD, ALL_SCORES, FASTER_RCNN, LESS_POOLING):
        seconds[name] /= args.batch_size

    where = 'CPU' if args.gpu < 0 else gpu_name(args.gpu)
    height, width = imgs[0].shape[1:]
    print(f'{machine()}; networks on: {where}')
    print(f'{len(imgs)} photos, the first of {height} x {width}; batches of {args.batch_size}')
    print(f'{"":30}{"s/photo":>9}{"photos/s":>10}{"x SSD300":>10}{"boxes":>8}')
    for name, s in seconds.items():
        print(f'{name:30}{s:9.3f}{1 / s:10.2f}{s / seconds[SSD]:10.1f}'
              f'{np.median(n_box[name]):8.0f}')
    ratio = seconds[FASTER_RCNN] / seconds[SSD]
    print(f'Faster R-CNN takes {ratio:.1f} times as long as SSD300; in the article '
          f'{ARTICLE[SSD] / ARTICLE[FASTER_RCNN]:.1f} ({ARTICLE[SSD]} against '
          f'{ARTICLE[FASTER_RCNN]} images a second)')
    return {
        'machine': machine(), 'device': where, 'batch_size': args.batch_size,
        'photo_sizes': [img.shape[1:] for img in imgs],
        'seconds_per_photo': seconds,
        'boxes_per_photo': {name: float(np.median(n)) for name, n in n_box.items()},
        'ratio': ratio, 'article_ratio': ARTICLE[SSD] / ARTICLE[FASTER_RCNN]}


def photos(args):
    """(3, H, W) arrays of the size of PASCAL VOC's photos."""
    if args.photo:
        return [scale(read_image(path), args.long_side, fit_short=False)
                for path in args.photo]
    size = args.long_side, args.long_side * 3 // 4
    return [img for img, _, _ in SyntheticFashionDataset(args.n_snap, size=size)[:]]


def finders(imgs, device, batch_size, pooling):
    """What is timed: by name a function and the photos that it takes at once.

    The functions take a list of photos and return how many boxes they found.
    That of Faster R-CNN adds the seconds of its RoI pooling to `pooling`.
    """
    np.random.seed(0)
    ssd = FashionSSD300(pretrained_model='fashion')
    rcnn = faster_rcnn(ssd, imgs[0])
    for model in (ssd, rcnn):
        model.to_device(device)

    def predict(model, imgs):
        n = sum(len(bbox) for bbox in model.predict(imgs)[0])
        if device.xp is not np:
            device.device.synchronize()
        return n

    def ssd_with(preset):
        def find(imgs):
            ssd.use_preset(preset)
            return predict(ssd, imgs)
        return find

    def find_with_rcnn(imgs):
        with TimerHook() as hook:
            n = predict(rcnn, imgs)
        pooling.append(hook.summary()['ROIPooling2D']['elapsed_time'])
        return n

    return {
        SSD: (ssd_with('visualize'), batch_size),
        ALL_SCORES: (ssd_with('evaluate'), batch_size),
        FASTER_RCNN: (find_with_rcnn, batch_size),
        **{f'Selective Search, {mode}': (find, 1)
           for mode, find in selective_search().items()}}


def faster_rcnn(ssd, img):
    """Faster R-CNN with the work of a trained one, see the top of this file."""
    model = FasterRCNNVGG16(n_fg_class=ssd.n_fg_class, min_size=600, max_size=1000)
    for layer in model.extractor.children():
        if layer.name.startswith('conv'):
            layer.conv.copyparams(ssd.extractor[layer.name])
    x = model.prepare(img)[None]
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        _, scores, _, _ = model(x, x.shape[3] / img.shape[2])
        scores = F.softmax(scores).array[:, 1:]
    model.score_thresh = np.sort(scores, axis=None)[-N_SURE - 1]
    return model


def selective_search():
    """Functions as of `finders` by mode; none where OpenCV lacks it."""
    if not hasattr(cv2, 'ximgproc'):
        print('Selective Search is left out: it needs OpenCV with its extra modules. In an '
              'environment of its own, over whatever OpenCV is there:\n'
              '    python -m pip install opencv-contrib-python-headless', file=sys.stderr)
        return {}

    def find_with(switch):
        def find(imgs):
            img, = imgs
            search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
            search.setBaseImage(np.ascontiguousarray(
                img[::-1].transpose(1, 2, 0).round(), np.uint8))
            getattr(search, switch)()
            return len(search.process())
        return find

    return {'fast': find_with('switchToSelectiveSearchFast'),
            'quality': find_with('switchToSelectiveSearchQuality')}


def in_turn(find, imgs, batch_size, n_box):
    """A function that takes the next photos at each call."""
    following = itertools.cycle(imgs)

    def work():
        batch = list(itertools.islice(following, batch_size))
        n_box.append(find(batch) / batch_size)
    return work


def gpu_name(index):
    """The name of a GPU."""
    return chainer.backends.cuda.cupy.cuda.runtime.getDeviceProperties(
        index)['name'].decode()


if __name__ == '__main__':
    sys.exit(main())
