"""Curves and outlines of the renderer, as (N, 2) float arrays of (x, y)."""
import numpy as np


def _basis(n):
    t = (np.arange(n) / n)[:, None]
    return np.concatenate([
        -.5 * t + t ** 2 - .5 * t ** 3,
        1 - 2.5 * t ** 2 + 1.5 * t ** 3,
        .5 * t + 2 * t ** 2 - 1.5 * t ** 3,
        -.5 * t ** 2 + .5 * t ** 3], axis=1)


_BASES = {n: _basis(n) for n in range(1, 33)}


def smooth(points, n=6, closed=False):
    """A Catmull-Rom spline through `points`, `n` samples a segment.

    Args:
        points: (P, D) array-like.
        n (int): Samples a segment, 1..32.
        closed (bool): Whether the last point joins the first.

    Returns:
        (P * n, D) array if `closed`, else ((P - 1) * n + 1, D).
    """
    points = np.asarray(points, float)
    if closed:
        q = np.concatenate([points[-1:], points, points[:2]])
    else:
        q = np.concatenate([2 * points[:1] - points[1:2], points,
                            2 * points[-1:] - points[-2:-1]])
    windows = np.stack([q[:-3], q[1:-2], q[2:-1], q[3:]], axis=1)
    out = (_BASES[n] @ windows).reshape(-1, points.shape[1])
    if not closed:
        out = np.concatenate([out, points[-1:]])
    return out


def limb(points, radii, n=5):
    """The outline of a bent tube: a smooth axis with a radius at each point.

    Returns:
        poly ((2 * M, 2) array), axis ((M, 2) array), left and right edges
        ((M, 2) arrays, from the first point to the last).
    """
    chain = np.concatenate([np.asarray(points, float),
                            np.asarray(radii, float)[:, None]], axis=1)
    chain = smooth(chain, n)
    axis, radius = chain[:, :2], np.maximum(chain[:, 2:], .05)
    tangent = np.gradient(axis, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True),
                          1e-6)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    left, right = axis + normal * radius, axis - normal * radius
    return np.concatenate([left, right[::-1]]), axis, left, right


def ellipse(cx, cy, rx, ry, angle=0., n=28, start=0., stop=360.):
    """Points of an ellipse (or of an arc of it; angles in degrees)."""
    t = np.radians(np.linspace(start, stop, n, endpoint=stop - start < 360))
    x, y = rx * np.cos(t), ry * np.sin(t)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.stack([cx + c * x - s * y, cy + s * x + c * y], axis=1)


def lerp(a, b, t):
    """Linear interpolation of two points (or numbers)."""
    return np.asarray(a, float) * (1 - t) + np.asarray(b, float) * t


def rounded(points, radius=.15, n=4):
    """A closed polygon with its corners rounded.

    Args:
        points: (P, 2) array-like.
        radius (float): Share of each edge that a corner takes, 0..0.5.
        n (int): Samples a corner.
    """
    points = np.asarray(points, float)
    before = lerp(points, np.roll(points, 1, axis=0), radius)
    after = lerp(points, np.roll(points, -1, axis=0), radius)
    t = np.linspace(0, 1, n)[None, :, None]
    curve = (before[:, None] * (1 - t) ** 2
             + points[:, None] * 2 * t * (1 - t) + after[:, None] * t ** 2)
    return curve.reshape(-1, 2)
