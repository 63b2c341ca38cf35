"""A motif printed on the chest, as filled polygons."""
from vasily_fashion.synthetic.fabrics import contrast
from vasily_fashion.synthetic.geometry import ellipse

import numpy as np

_FONT = {
    'A': '01110100011000111111100011', 'E': '1111110000111101000011111',
    'H': '1000110001111111000110001', 'N': '1000111001101011001110001',
    'O': '0111010001100011000101110', 'L': '1000010000100001000011111',
    'X': '1000101010001000101010001', 'T': '1111100100001000010000100',
    'V': '1000110001010100101000100', 'M': '1000111011101011000110001',
    'U': '1000110001100011000101110', 'I': '0111000100001000010001110',
}


def sample_emblem(rng, base):
    """A random motif in a unit square: list of (polygon, colour)."""
    a, b = contrast(base, rng), contrast(base, rng)
    kind = rng.integers(5)
    out = []
    if kind == 0:                                           # a word
        word = rng.choice(list('AEHNOLXTVMUI'), size=rng.integers(3, 6))
        step = 2. / len(word)
        for i, c in enumerate(word):
            x0 = -1 + i * step
            for j, bit in enumerate(_FONT[str(c)][:25]):
                if bit == '1':
                    x = x0 + step * .82 * (j % 5) / 5
                    y = -.35 + .7 * (j // 5) / 5
                    w, h = step * .175, .15
                    out.append((np.array([(x, y), (x + w, y), (x + w, y + h),
                                          (x, y + h)]), a))
    elif kind == 1:                                         # a disc and bars
        out.append((ellipse(0, 0, .9, .9), a))
        for y in (-.3, .1, .5):
            out.append((np.array([(-.7, y), (.7, y), (.7, y + .2),
                                  (-.7, y + .2)]), b))
    elif kind == 2:                                         # a star
        k = int(rng.integers(5, 8))
        t = np.arange(2 * k) * np.pi / k - np.pi / 2
        r = np.where(np.arange(2 * k) % 2, .45, 1.)
        out.append((np.stack([np.cos(t) * r, np.sin(t) * r], 1), a))
    elif kind == 3:                                         # a heart
        t = np.linspace(0, 2 * np.pi, 30)
        out.append((np.stack([np.sin(t) ** 3, -(
            13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t)
            - np.cos(4 * t)) / 16], 1), a))
    else:                                                   # a framed picture
        out.append((np.array([(-.8, -1), (.8, -1), (.8, 1), (-.8, 1)]), a))
        out.append((ellipse(0, -.25, .45, .45), b))
        out.append((np.array([(-.8, 1), (-.3, .1), (.1, .6), (.4, .3),
                              (.8, 1)]), contrast(a, rng)))
    return out


def emblem_lines(body, emblem, t, x, size):
    """The motif on the trunk at height t: lines for a `Part`."""
    frame = body.frame(t)
    centre = body.at(t, x)
    u = frame.u_axis * body.turn ** 2
    return [(centre + (poly[:, :1] * u + poly[:, 1:] * frame.v_axis) * size,
             0, colour) for poly, colour in emblem]
