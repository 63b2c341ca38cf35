"""Bodies and how they stand."""
from vasily_fashion.synthetic.geometry import lerp
from vasily_fashion.synthetic.part import Frame

import numpy as np

POSES = ('standing', 'contrapposto', 'walking', 'hand_on_hip', 'turned',
         'arm_up', 'hand_to_face', 'pocket', 'crossed', 'holding')
_T = np.array([0., .07, .25, .32, .585, .78, .92, 1.02, 3.])


class Body:
    """A posed body: joints and outlines in figure units.

    The figure is about 100 units tall: the head's top at y = 0, the soles
    near y = 100, x = 0 its middle. Side 0 is the picture's left, side 1 its
    right. `t` runs down the trunk: 0 at the neck's base, 1 at the crotch,
    about 1.6 at the knees and 2.2 at the ankles.

    Args:
        rng: A `numpy.random.Generator`, or None for the neutral, flat body
            that product images are drawn on.
        pose (str): One of `POSES`, or None for a random one.
    """

    def __init__(self, rng=None, pose=None):
        self.flat = rng is None
        if rng is None:
            self.man, self.pose = False, 'flat'
            girth = 1.
        else:
            self.man = bool(rng.random() < .25)
            self.pose = pose or POSES[rng.choice(
                10, p=(.16, .14, .16, .1, .1, .06, .06, .08, .06, .08))]
            girth = rng.normal(1., .07) if rng.random() < .8 else 1.22
            girth = float(np.clip(girth, .86, 1.3))
        self.girth = girth
        wide = (10.9, 9., 9., 7.5, 7.9, 8.3) if self.man else (
            9.3, 7.7, 7.9, 6.1, 7.6, 8.8)
        arms = np.array([2.9, *wide, 8.6, 8.6]) * girth ** .8
        self.turn = 1.
        if self.pose == 'turned':
            self.turn = float(rng.uniform(.68, .82))
        elif rng is not None:
            self.turn = float(rng.uniform(.93, 1.))
        self.facing = 0. if rng is None else float(rng.normal(0, .35))
        if self.pose == 'turned':
            self.facing = float(rng.choice([-1, 1]) * rng.uniform(.7, 1.1))
        self._w = arms * self.turn
        self._w[0] = arms[0]
        self.top = 17.
        self.trunk = 35. if rng is None else 35. + float(rng.normal(0, .8))
        u = (lambda a, b: float(rng.uniform(a, b))) if rng is not None else (
            lambda a, b: 0.)
        self.shift = u(-1.2, 1.2)               # hips against shoulders
        self.tilt = np.radians(u(-2.5, 2.5))    # shoulders
        self.hip_tilt = -self.tilt
        if self.pose in ('contrapposto', 'hand_on_hip'):
            side = 1 if u(0, 1) < .5 else -1
            self.shift = 2.2 * side
            self.tilt = np.radians(3.5) * side
            self.hip_tilt = -np.radians(5.) * side
        self._knee_mid = self.shift
        self._legs(rng, u)
        self._arms(rng, u)
        neck = self.at(0, 0)
        nod = u(-1.2, 1.2)
        self.head = np.array([neck[0] + nod + self.facing * .7, 7.3])
        self.head_tilt = np.degrees(np.arctan2(nod, 11))

    # -- trunk -------------------------------------------------------------
    def at(self, t, x=0.):
        """The point of the trunk at height t and x units from its middle."""
        t = np.asarray(t, float)
        down = np.clip(t, 0, 1)
        # an S: the chest stays over the head, hips swing out
        cx = self.shift * (3 * down ** 2 - 2 * down ** 3)
        cx = cx + (self._knee_mid - self.shift) * np.clip(t - 1, 0, 1.2) / .6
        a = self.tilt * (1 - down) + self.hip_tilt * down
        return np.stack(np.broadcast_arrays(
            cx + x * np.cos(a), self.top + self.trunk * t + x * np.sin(a)),
            axis=-1)

    def width(self, t):
        """Half of the trunk's width at height t."""
        return np.interp(t, _T, self._w)

    def frame(self, t=0.):
        """The cloth frame of the trunk around height t."""
        down = min(max(t, 0.), 1.)
        a = self.tilt * (1 - down) + self.hip_tilt * down
        c, s = np.cos(a), np.sin(a)
        return Frame(self.at(0, 0) + self.facing * np.array([.8, 0]),
                     np.array([c, s]) / self.turn, np.array([-s, c]),
                     0. if self.flat else .006)

    # -- legs --------------------------------------------------------------
    def _legs(self, rng, u):
        p = self.pose
        self.front_leg = 0 if rng is None else int(rng.integers(2))
        hip = [self.at(.95, s * self.width(.95) * .5) for s in (-1, 1)]
        spread = [(3., 2.), (3., 2.)]           # thigh, shin degrees, outwards
        length = [(21.5, 21.), (21.5, 21.)]
        f = self.front_leg
        if self.flat:
            spread = [(8.5, 6.), (8.5, 6.)]
        elif p == 'walking':
            spread[f] = (u(-3, 0), u(-5, -1))
            spread[1 - f] = (u(-2, 3), u(-4, 4))
            length[f] = (21., 21.6)
            length[1 - f] = (20.6, u(15.5, 18.5))
        elif p == 'crossed':
            spread[f] = (u(-8, -5), u(-13, -9))
            spread[1 - f] = (u(-1, 2), u(-3, 0))
        elif p in ('contrapposto', 'hand_on_hip'):
            free = 0 if self.shift > 0 else 1
            self.front_leg = free
            spread[free] = (u(6, 11), u(-2, 6))
            length[free] = (21., 20.6)
            spread[1 - free] = (u(-4, -1), u(-5, -2))
        else:
            wide = u(-2, 4)
            spread = [(wide + u(-1, 2), wide + u(-2, 2)) for _ in range(2)]
        self.hip, self.knee, self.ankle, self.yaw = [], [], [], []
        for k, s in enumerate((-1, 1)):
            a, b = np.radians(spread[k])
            x = self.turn
            knee = hip[k] + length[k][0] * np.array([s * np.sin(a) * x,
                                                     np.cos(a)])
            ankle = knee + length[k][1] * np.array([s * np.sin(b) * x,
                                                    np.cos(b)])
            self.hip.append(hip[k])
            self.knee.append(knee)
            self.ankle.append(ankle)
            yaw = s * (18 + u(-14, 26))
            if p == 'turned':
                yaw = yaw * .4 + self.facing * 55
            self.yaw.append(np.radians(yaw))
        self._knee_mid = float(np.mean([q[0] for q in self.knee])) * .6 + (
            self.shift * .4)
        self.legs_overlap = bool(
            p in ('walking', 'crossed')
            or self.ankle[0][0] > self.ankle[1][0] - 4)
        self.thigh, self.shank = 4.5 * self.girth, 2.6 * self.girth ** .5

    def leg_chain(self, k):
        """Axis points and radii of leg k, hip to ankle."""
        h, q, a = self.hip[k], self.knee[k], self.ankle[k]
        points = [h, lerp(h, q, .5), q, lerp(q, a, .35), a]
        radii = np.array([self.thigh, self.thigh * .86, self.shank * 1.06,
                          self.shank * 1.08, 1.75])
        return np.array(points), radii

    # -- arms --------------------------------------------------------------
    def _arms(self, rng, u):
        p = self.pose
        self.shoulder = [self.at(.145, s * (self.width(.07) - 2. * self.turn))
                         for s in (-1, 1)]
        hang = [(9. + u(-2, 8), 3. + u(-8, 8), 15.4, 13.6, 'open')
                for _ in range(2)]
        hip = (42. + u(-5, 6), -58. + u(-6, 6), 15., 12.5, 'open')
        side = 0 if rng is None else int(rng.integers(2))
        if p in ('contrapposto', 'hand_on_hip') and rng.random() < .7:
            hang[side] = hip
            if rng.random() < .25:
                hang[1 - side] = hip
        elif p == 'arm_up':
            hang[side] = (135 + u(-20, 15), 168 + u(-15, 20), 15., 14., 'open')
        elif p == 'hand_to_face':
            hang[side] = (22 + u(-6, 6), -160 + u(-8, 6), 15., 13.5, 'open')
        elif p == 'pocket':
            for k in range(2):
                if k == side or rng.random() < .5:
                    hang[k] = (20 + u(-3, 4), -13 + u(-4, 3), 15.5, 13.,
                               'pocket')
        elif p == 'holding':
            for k in range(2):
                if k == side or rng.random() < .4:
                    hang[k] = (11 + u(-3, 6), -66 + u(-14, 10), 15., 11.,
                               'open')
        elif p == 'walking':
            hang[side] = (13 + u(-2, 5), -12 + u(-10, 4), 15.6, 12.5, 'open')
        elif p == 'flat':
            hang = [(20., 17., 16., 14., 'open')] * 2
        self.elbow, self.wrist, self.hand, self.grip = [], [], [], []
        for k, s in enumerate((-1, 1)):
            a, b, upper, fore, hand = hang[k]
            a, b = np.radians([a, b])
            elbow = self.shoulder[k] + upper * np.array([s * np.sin(a),
                                                         np.cos(a)])
            wrist = elbow + fore * np.array([s * np.sin(b), np.cos(b)])
            self.elbow.append(elbow)
            self.wrist.append(wrist)
            self.hand.append(wrist + 3.6 * np.array([s * np.sin(b),
                                                     np.cos(b)]))
            self.grip.append(hand)
        far = 0 if self.facing < 0 else 1
        self.far_arm = far if p == 'turned' else None

    def arm_chain(self, k):
        """Axis points and radii of arm k, shoulder to wrist."""
        s, e, w = self.shoulder[k], self.elbow[k], self.wrist[k]
        g = self.girth ** .8 * (1.12 if self.man else 1.)
        points = [s, lerp(s, e, .5), e, lerp(e, w, .4), w]
        return np.array(points), np.array([2.1, 1.95, 1.65, 1.6, 1.1]) * g
