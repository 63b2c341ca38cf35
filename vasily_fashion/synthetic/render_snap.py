"""Render one street snap: image and exact masks of its items."""
from dataclasses import dataclass

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.synthetic.background import cast_shadow, make_background
from vasily_fashion.synthetic.canvas import Canvas
from vasily_fashion.synthetic.figure import figure_parts
from vasily_fashion.synthetic.light import develop, sample_light
from vasily_fashion.synthetic.outfit import sample_outfit
from vasily_fashion.synthetic.person import sample_person
from vasily_fashion.synthetic.poses import Body
from vasily_fashion.synthetic.shop import item_cut

import numpy as np

#: Less of an item than this share of its whole is not an example of it.
MIN_SHARE = .1
#: Nor is a box with a side shorter than this, in pixels of a 480 px snap.
MIN_SIDE = 8


@dataclass
class Snap:
    """One rendered snap.

    Args:
        img: (H, W, 3) uint8 RGB image, None if only masks were asked for.
        mask: (R, H, W) bool, the visible pixels of each item kept.
        bbox: (R, 4) float32, tight boxes of the masks.
        label: (R,) int32 categories.
        item_id: (R,) int32.
    """

    img: object
    mask: np.ndarray
    bbox: np.ndarray
    label: np.ndarray
    item_id: np.ndarray


def render_snap(seed, index, n_item, size=(480, 320), with_img=True):
    """Render snap `index` of the world `seed`.

    Args:
        seed (int): The world.
        index (int): Which snap.
        n_item (int): Size of the shop.
        size: (height, width), pixels.
        with_img (bool): If false, only masks and boxes are made (they are
            the same), about five times faster.

    Returns:
        Snap
    """
    h, w = size
    rng = np.random.default_rng([seed, 2, index])
    body = Body(rng)
    person = sample_person(rng, body.man)
    outfit = sample_outfit(rng, n_item, body.man)
    cuts = {name: item_cut(seed, k) for name, k in outfit.items()}
    # the figure fills most of the photo's height, sometimes more than all
    tall = float(np.clip(rng.normal(.86, .06), .66, 1.)) * h
    if rng.random() < .08:
        tall = float(rng.uniform(1.05, 1.3)) * h
    tall = min(tall, w * 2.3)
    scale = tall / 103.
    x = w * (.5 + float(np.clip(rng.normal(0, .07), -.2, .2)))
    if rng.random() < .05:
        x = w * (.5 + float(rng.choice([-1, 1]) * rng.uniform(.28, .42)))
    if tall < h:
        feet = h - (h - tall) * float(rng.uniform(.2, .75))
    else:
        feet = tall + h * .02
    origin = (x, feet - 101. * scale)
    light = sample_light(rng)
    parts = figure_parts(body, person, cuts, rng)
    # a figure that the edge cuts is followed to its end
    pad = int(max(w * .16, feet + 4 * scale - h))
    canvas = Canvas(size, scale, origin, light, pad=pad, flat=not with_img)
    if with_img:
        paint = np.random.default_rng([seed, 3, index])
        horizon = h * float(paint.uniform(.28, .52))
        back = make_background(paint, size, horizon, feet)
        _ground_shadow(back, body, canvas, feet, light, paint)
        canvas.fill(back)
    for part in parts:
        canvas.paint(part)
    mask, share = canvas.masks(len(cuts))
    keep, boxes = [], []
    side = max(MIN_SIDE * h / 480, 3)
    for k in range(len(cuts)):
        if share[k] < MIN_SHARE:
            continue
        ys = np.flatnonzero(mask[k].any(axis=1))
        xs = np.flatnonzero(mask[k].any(axis=0))
        if not len(ys):
            continue
        box = (ys[0], xs[0], ys[-1] + 1, xs[-1] + 1)
        if box[2] - box[0] < side or box[3] - box[1] < side:
            continue
        keep.append(k)
        boxes.append(box)
    names = list(outfit)
    img = None
    if with_img:
        img = develop(canvas.finish(), paint)
    return Snap(
        img, mask[keep], np.array(boxes, np.float32).reshape(-1, 4),
        np.array([FASHION_CATEGORIES.index(names[k]) for k in keep],
                 np.int32),
        np.array([outfit[names[k]] for k in keep], np.int32))


def _ground_shadow(img, body, canvas, feet, light, rng):
    """The figure's shadow on the ground."""
    s = canvas.scale / 2
    cx = (canvas.offset[0] / 2 - canvas.pad)
    for k in (0, 1):
        a = body.ankle[k]
        shape = np.stack([3.6 * np.cos(np.linspace(0, 6.28, 16)),
                          5. * np.sin(np.linspace(0, 6.28, 16))], 1)
        cast_shadow(img, shape * s, (cx + a[0] * s, feet - 2 * s), (0, -1.),
                    .5)
    hip = body.at(1., 0)[0]
    outline = np.array([
        (body.ankle[0][0] - 2, 0), (body.knee[0][0] - 4, 25),
        (hip - 9, 50), (-11, 78), (-4, 84), (-4.5, 96), (0, 100), (4.5, 96),
        (4, 84), (11, 78), (hip + 9, 50), (body.knee[1][0] + 4, 25),
        (body.ankle[1][0] + 2, 0)])
    cast_shadow(img, outline * s, (cx, feet - 3 * s), light,
                .12 + .45 * light[2])
