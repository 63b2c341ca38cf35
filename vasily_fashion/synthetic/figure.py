"""Dress a body: all parts of a figure, from back to front."""
from vasily_fashion.synthetic.garments import (
    bag,
    belt,
    dress,
    footwear,
    headwear,
    lower,
    outer,
    scarf_tie,
    sunglasses,
    top,
)
from vasily_fashion.synthetic.person import (
    arm_skin,
    hair_behind,
    hair_front,
    hand,
    head,
    leg_skin,
    trunk_skin,
)

import numpy as np


def figure_parts(body, person, cuts, rng):
    """The parts of a dressed figure, in the order they are painted.

    Args:
        body (Body): The posed body.
        person (dict): See `sample_person`.
        cuts (dict): category name -> the item's look, in outfit order;
            the k-th item's parts carry item = k + 1.
        rng: A `numpy.random.Generator`.

    Returns:
        list of Part
    """
    if not {'pants', 'shorts', 'outer'} & set(cuts):
        body.grip = ['open'] * 2                            # no pockets
    tucked = 'belt' in cuts or rng.random() < .4
    if 'skirt' in cuts and rng.random() < .5:
        tucked = True
    side = int(rng.integers(2))
    if body.grip[side] == 'pocket' or body.hand[side][1] < 30:
        side = 1 - side
    builders = {
        'top': lambda c: top.build_top(c, body, tucked),
        'dress': lambda c: dress.build_dress(c, body),
        'outer': lambda c: outer.build_outer(c, body),
        'pants': lambda c: lower.build_pants(c, body),
        'shorts': lambda c: lower.build_pants(c, body),
        'skirt': lambda c: lower.build_skirt(c, body),
        'footwear': lambda c: footwear.build_footwear(c, body),
        'bag': lambda c: bag.build_bag(c, body, side),
        'belt': lambda c: belt.build_belt(c, body),
        'sunglasses': lambda c: sunglasses.build_sunglasses(c, body),
        'headwear': lambda c: headwear.build_headwear(c, body),
        'scarf_tie': lambda c: scarf_tie.build_scarf_tie(c, body)}
    slots = {}
    for k, (name, cut) in enumerate(cuts.items()):
        for slot, parts in builders[name](cut).items():
            for part in parts:
                part.item = k + 1
            slots.setdefault((name, slot), []).extend(parts)

    def get(slot, *names):
        out = []
        for (name, s), parts in slots.items():
            if s == slot and (not names or name in names):
                out += parts
        return out

    parts = hair_behind(person, body) if person['style'] != 'bun' else []
    parts += get('behind')
    shoes = cuts.get('footwear')
    boots = shoes is not None and shoes['kind'] in ('tall_boot',)
    over = boots and 'pants' in cuts and cuts['pants']['kind'] == 'skinny'
    order = (1 - body.front_leg, body.front_leg)
    bare = person['tights'] or person['skin']
    for k in order:
        parts += leg_skin(person, body, k)
        if shoes is not None and shoes['kind'] in (
                'sandal', 'pump', 'flat', 'loafer'):
            parts += footwear.foot_skin(shoes, body, k, bare)
        if not over:
            parts += get(f'foot{k}')
    for k in (0, 1):
        if body.far_arm == k:
            parts += _arm(body, person, k, get)
    face = head(person, body)
    parts += trunk_skin(person, body) + face[:1]
    if tucked:
        parts += get('trunk') + get('legs') + get('skirt')
    else:
        parts += get('legs') + get('skirt') + get('trunk')
    if over:
        for k in order:
            parts += get(f'foot{k}')
    parts += get('waist') + get('neck')
    if 'scarf_tie' in cuts and rng.random() < .4:
        parts += get('over') + get('trunk_over')
    else:
        parts += get('trunk_over') + get('over')
    parts += get('bag_strap')
    late = []
    for k in (0, 1):
        if body.far_arm == k:
            if k == side:
                parts += get('bag') + get('bag_arm')
            continue
        carried = get('bag') if k == side else []
        arm = _arm(body, person, k, get, carried)
        if k == side:
            arm += get('bag_arm')
        # a raised hand is in front of the face
        (late if body.hand[k][1] < 22 else parts).extend(arm)
    hat = get('hat')
    if person['style'] == 'bun' and not hat:
        parts += hair_behind(person, body)
    parts += face[1:] + hair_front(person, body)
    return parts + get('eyes') + hat + late


def _arm(body, person, k, get, carried=()):
    parts = arm_skin(person, body, k)
    parts += get(f'arm{k}', 'top', 'dress') + get(f'arm{k}', 'outer')
    return parts + list(carried) + hand(person, body, k)


def alone_parts(name, cut, body):
    """The parts of one item as a shop shows it, from back to front."""
    if name == 'footwear':
        return footwear.footwear_pair(cut, body)
    if name == 'bag':
        return bag.bag_alone(cut)
    if name == 'belt':
        return belt.belt_alone(cut)
    if name == 'sunglasses':
        return sunglasses.sunglasses_alone(cut)
    if name == 'headwear':
        return headwear.hat_alone(cut)
    build = {'top': top.build_top, 'dress': dress.build_dress,
             'outer': outer.build_outer, 'pants': lower.build_pants,
             'shorts': lower.build_pants, 'skirt': lower.build_skirt,
             'scarf_tie': scarf_tie.build_scarf_tie}[name]
    slots = build(cut, body)
    parts = []
    for slot in ('behind', 'back', 'arm0', 'arm1', 'legs', 'skirt', 'trunk',
                 'trunk_over', 'neck', 'over'):
        parts += slots.get(slot, [])
    return parts


def parts_bounds(parts):
    """(low, high) corners of the box around parts, in figure units."""
    points = np.concatenate([poly for part in parts
                             for poly, _ in part.pieces])
    return points.min(axis=0), points.max(axis=0)
