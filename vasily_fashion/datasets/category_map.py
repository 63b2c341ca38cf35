"""Map the category names of a data set to labels."""
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from vasily_fashion.categories import COMMON_TO_FASHION, FASHION_CATEGORIES

_N_SHOWN = 20


def make_label_map(
        names: Iterable[str], to_fashion: dict[str, str] | Literal['common'] | None,
        source: str | os.PathLike[str], must_know: bool = True,
        label_names: Sequence[str] = FASHION_CATEGORIES
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Find the label of each category of a data set.

    Names are compared without case, spaces, ``-`` and ``_``; with a map, a singular and
    its plural are the same too. A name that stands in the map as it is goes before.

    Args:
        names (iterable of str): The data set's categories.
        to_fashion (dict, 'common' or None): Name to one of `label_names`; what is not in
            it is not an item. 'common' is `COMMON_TO_FASHION`, or of other `label_names`
            each to itself. :obj:`None` keeps the data set's own categories.
        source (str or path): Where the names stand, for messages.
        must_know (bool): Whether one of the names has to be in the map.
        label_names (sequence of str): What the labels are to mean.

    Returns:
        (dict, tuple of str):
        Name to label, and what the labels mean.

    Raises:
        ValueError: If no name is in the map and one must be, or the map leads
            elsewhere.
    """
    names = list(dict.fromkeys(names))
    if to_fashion is None:
        first: dict[str, str] = {}
        for name in names:
            first.setdefault(_plain(name), name)
        own = list(first.values())
        return {name: own.index(first[_plain(name)]) for name in names}, tuple(own)
    label_names = tuple(label_names)
    if to_fashion == 'common':
        to_fashion = COMMON_TO_FASHION if label_names == FASHION_CATEGORIES else {
            name: name for name in label_names}
    wrong = sorted(set(to_fashion.values()) - set(label_names))
    if wrong:
        raise ValueError(
            f'category_map leads to {wrong[0]!r}, which is none of '
            f'the label names: {", ".join(label_names)}')
    of_plain: dict[str, set[str]] = {}
    for name, category in to_fashion.items():
        of_plain.setdefault(_plain(name), set()).add(category)
    labels = {}
    for name in names:
        # of two names that differ in case alone neither is another spelling
        found = [to_fashion[name]] if name in to_fashion else next(
            (list(of_plain[form]) for form in _forms(_plain(name))
             if len(of_plain.get(form, ())) == 1), [])
        if found:
            labels[name] = label_names.index(found[0])
    if names and must_know and not labels:
        raise ValueError(
            f'{source} has none of the categories that category_map knows; it '
            f'has {", ".join(map(repr, names[:20]))}. Give category_map a '
            f'dict from these to {", ".join(label_names)}, or None to keep them')
    return labels, label_names


def describe_unknown(counts: Mapping[str, int]) -> list[str]:
    """Describe the most frequent unknown categories, with counts."""
    lines = [f'{n} of the unknown category {name!r}'
             for name, n in Counter(counts).most_common(_N_SHOWN)]
    if len(counts) > _N_SHOWN:
        lines.append(f'and {len(counts) - _N_SHOWN} more categories')
    return lines


def _plain(name):
    return re.sub(r'[\s_-]+', '', name).casefold()


def _forms(name):
    """A name, what it may be the plural of, and what may be its plural."""
    yield name
    for plural, singular in (('ies', 'y'), ('ves', 'f'), ('es', ''), ('s', '')):
        if name.endswith(plural):
            yield name[:-len(plural)] + singular
    for plural, singular in (('ies', 'y'), ('ves', 'f'), ('es', ''), ('s', '')):
        if name.endswith(singular):
            yield name[:len(name) - len(singular)] + plural
