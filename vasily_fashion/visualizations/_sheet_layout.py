from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem


class SheetLayout:

    """Where the parts of the drawing of one snap are.

    The unit is the width of the cell of a crop or a product image; y points
    down. The snap is as wide or as high as its panel; rows are beside it.

    """

    cell_width = 1.
    cell_height = 1.2
    photo_panel_width = 3.6
    _photo_panel_height = 5.4
    _margin = 0.15
    _title_height = 0.3
    _row_height = 1.65
    _crop_gap = 0.18
    _gap = 0.1

    def __init__(
            self, img: np.ndarray, items: 'Sequence[RetrievedItem]') -> None:
        k = max([len(item.ids) for item in items], default=0)
        n_row = max(1, len(items))
        self.title_x = self._margin
        self.title_y = self._margin + self._title_height / 2
        top = self._margin + self._title_height
        panel = (self._margin, top,
                 self.photo_panel_width, self._photo_panel_height)
        x, y, width, height = self.fit(img.shape[1:], panel)
        self.photo = (x, top, width, height)
        self.rows_x = self._margin + self.photo_panel_width + 0.3
        # room for the message that there is nothing
        n_cell = max(3, k)
        self.width = (
            self.rows_x + self.cell_width + self._crop_gap
            + n_cell * (self.cell_width + self._gap) + self._margin)
        self.height = top + max(
            height, n_row * self._row_height) + self._margin

    def row_y(self, row: int) -> float:
        return self._margin + self._title_height + row * self._row_height

    def cell(
            self, row: int, column: int) -> tuple[float, float, float, float]:
        """(x, y, width, height); column 0 is the crop."""
        x = self.rows_x
        if column > 0:
            x += (self._crop_gap + self.cell_width
                  + (column - 1) * (self.cell_width + self._gap))
        return x, self.row_y(row), self.cell_width, self.cell_height

    def caption(self, row: int, column: int) -> tuple[float, float]:
        """(x, y) of the top left of the text below a cell."""
        x, y, _, height = self.cell(row, column)
        return x, y + height + 0.03

    @staticmethod
    def fit(
            size: tuple[int, ...],
            box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """The largest picture of that size's shape in the middle of a box."""
        x, y, width, height = box
        scale = min(height / size[0], width / size[1])
        # a picture of 10,000 x 20 is still to be seen
        h = max(size[0] * scale, 0.02)
        w = max(size[1] * scale, 0.02)
        return x + (width - w) / 2, y + (height - h) / 2, w, h
