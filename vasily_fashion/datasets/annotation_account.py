"""Count what each annotation of a detection data set becomes."""
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

_Box = tuple[float, float, float, float]


class AnnotationAccount:
    """The boxes of photos, and counts of the annotations that are left out, by reason.

    Args:
        label_of_name (dict): Of the categories that are items.

    Attributes:
        left_out (Counter): Reason to number of annotations: 'crowd', 'difficult',
            'empty', 'outside' (of the size that the annotation names), 'twice' (the
            same box and label in one photo).
        unknown_categories (Counter): Name of a category that is not an item to number of
            its annotations.
    """

    def __init__(self, label_of_name: Mapping[str, int]) -> None:
        self.left_out: Counter[str] = Counter()
        self.unknown_categories: Counter[str] = Counter()
        self._label_of_name = label_of_name
        self._boxes: defaultdict[str, dict[tuple[_Box, int], None]] = defaultdict(dict)

    def find_label(self, name: str, mark: str | None = None) -> int | None:
        """The label of an annotation.

        Args:
            name (str): Its category.
            mark (str): Why it is left out, if it is marked so.

        Returns:
            int: :obj:`None` if it is not an item.
        """
        if name not in self._label_of_name:
            self.unknown_categories[name] += 1
        elif mark:
            self.left_out[mark] += 1
        else:
            return self._label_of_name[name]
        return None

    def add(self, photo: str, label: int, box: _Box,
            size: tuple[int, int] | None = None) -> None:
        """Add a box (y_min, x_min, y_max, x_max), or count why it is left out.

        Args:
            photo (str): Its name.
            label (int): Of the box.
            box (tuple): The box.
            size ((int, int)): Height and width that the annotation names.
        """
        y0, x0, y1, x1 = box
        if y1 <= y0 or x1 <= x0:
            self.left_out['empty'] += 1
        elif size and (y1 <= 0 or x1 <= 0 or y0 >= size[0] or x0 >= size[1]):
            self.left_out['outside'] += 1
        elif (box, label) in self._boxes[photo]:
            self.left_out['twice'] += 1
        else:
            self._boxes[photo][box, label] = None

    def columns(self, photos: Iterable[str]) -> tuple[list[list[_Box]], list[list[int]]]:
        """The boxes of each photo, in order, and their labels."""
        found = [self._boxes.get(photo, {}) for photo in photos]
        return ([[box for box, _ in of] for of in found],
                [[label for _, label in of] for of in found])
