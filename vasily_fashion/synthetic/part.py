"""What the canvas paints: a piece of cloth, skin or metal with its shading."""
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Frame:
    """A cloth coordinate system laid on the figure.

    A point p has the cloth coordinates u = (p - origin) . u_axis and
    v = (p - origin) . v_axis - curve * u ** 2.
    """

    origin: np.ndarray
    u_axis: np.ndarray
    v_axis: np.ndarray
    curve: float = 0.

    @classmethod
    def along(cls, a, b, v0=0.):
        """A frame whose v runs from point a to point b, v = v0 at a."""
        a, b = np.asarray(a, float), np.asarray(b, float)
        d = (b - a) / max(np.linalg.norm(b - a), 1e-6)
        return cls(a - d * v0, np.array([d[1], -d[0]]), d)


@dataclass
class Part:
    """One thing painted in one go (its pieces share edge and shading).

    Args:
        pieces: List of (polygon, frame). Polygons are (N, 2), in figure
            units; the frame lays the fabric's pattern on the polygon.
        fabric: A `Fabric`.
        item (int): 0 for what is not an item, else 1 + index of the item in the
            outfit.
        radius (float): How round the part looks: the width, in units, of
            the shaded rim.
        depth (float): How dark the rim is, 0..1.
        upright (float): How wide the rim is at upper and lower edges,
            against that at the sides: cloth that hangs has little there.
        fold (float): How strong the folds of the cloth are.
        gain (float): Brightness of the whole part.
        creases: List of (points, width, strength): soft shaded folds.
        lines: List of (points, width, colour): crisp details, clipped to the
            part; width 0 fills the polygon.
        shadow (float): How dark a shadow falls on what lies below.
    """

    pieces: list
    fabric: object
    item: int = 0
    radius: float = 2.
    depth: float = .4
    upright: float = .3
    fold: float = .08
    gain: float = 1.
    creases: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    shadow: float = 0.
