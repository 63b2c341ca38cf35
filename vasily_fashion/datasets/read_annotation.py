"""Read annotation files, with errors that name them."""
import csv
import io
import json
import os
from collections.abc import Collection, Sequence
from typing import Any

# All rows of an array of text take as much memory as the longest, which is let
# be as long as a path.
_MAX_LENGTH = 4096
_IN_ARRAYS = ('path', 'label', 'item_id', 'id', 'split')


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text file, whatever its line ends, with or without a BOM.

    Raises:
        FileNotFoundError, IsADirectoryError: If there is no such file.
        ValueError: If it is not UTF-8.
    """
    path = os.fspath(path)
    try:
        with open(path, encoding='utf-8-sig', newline=None) as file:
            return file.read()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path}: there is no such file; is the root right? A relative path starts in '
            'the working folder') from error
    except IsADirectoryError as error:
        raise IsADirectoryError(f'{path} is a folder: name the file in it') from error
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not text in UTF-8; save it as such ({error})') from error


def read_json(path: str | os.PathLike[str], kind: type) -> Any:
    """Read a JSON file.

    Args:
        path (str or path): The file.
        kind (type): dict or list, what it has to hold.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is truncated, no JSON or holds something else.
    """
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # as of a million of [
        raise ValueError(
            f'{path} is not a whole JSON file ({error}); fetch it again'
        ) from error
    if not isinstance(value, kind):
        raise ValueError(
            f'{path} holds a {type(value).__name__}, not a {kind.__name__}: '
            'it is not the file that it should be')
    return value


def read_csv(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Read a CSV with a header line.

    Spaces around names and values do not count, nor does the case of the names of
    columns, which are in lower case here. Lines without any value are left out, before
    the header too, and so are columns that have neither a name nor a value. A value
    in quotes ends where its quotes do.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not UTF-8, or no CSV, or a row has more or fewer
            columns than the header, or there is no row, or a path, id or split of more than 4096
            characters, or two columns have one name.
    """
    text = read_text(path)
    if '\0' in text:
        raise ValueError(
            f'{os.fspath(path)} has null characters: save it as UTF-8, not as UTF-16')
    reader = csv.reader(io.StringIO(text, newline=''), skipinitialspace=True, strict=True)
    lines = (cells for cells in ([cell.strip() for cell in line] for line in reader)
             if any(cells))
    rows, line_num = [], 0
    try:
        header = [name.casefold() for name in next(lines, ())]
        for name in header:
            if name and header.count(name) > 1:
                raise ValueError(f'{os.fspath(path)} has two columns {name!r}')
        line_num = reader.line_num
        for cells in lines:
            if len(cells) != len(header):
                raise ValueError(
                    f'{os.fspath(path)}, line {reader.line_num}: it has not '
                    f'{len(header)} columns as the header has')
            row = {name: cell for name, cell in zip(header, cells, strict=True)
                   if name or cell}
            for name in _IN_ARRAYS:
                if len(row.get(name, '')) > _MAX_LENGTH:
                    raise ValueError(
                        f'{os.fspath(path)}, line {reader.line_num}: {name} has more '
                        f'than {_MAX_LENGTH} characters')
            rows.append(row)
            line_num = reader.line_num
    except csv.Error as error:
        raise ValueError(
            f'{os.fspath(path)} is not a CSV after line {line_num}; is a quote left open, or '
            f'within a value and not doubled? ({error})') from error
    if not rows:
        raise ValueError(
            f'{os.fspath(path)} ' + ('has a header, and no row below' if header else 'is empty'))
    return rows


def find_unknown_columns(
        rows: list[dict[str, str]], known: Collection[str]) -> list[str]:
    """The columns of a CSV that its reader does not know, in order."""
    return [name for name in dict.fromkeys(name for row in rows for name in row)
            if name not in known]


def as_flag(value: Any) -> bool:
    """Whether a mark such as `iscrowd` or `difficult` is set.

    Args:
        value: 0 or 1, as a number or text, or 'true', 'false', 'yes', 'no'. What is
            empty or 'Unspecified' is not set.

    Raises:
        ValueError: If it is something else.
    """
    text = '' if value is None else str(value).strip().lower()
    if text in ('', 'unspecified', 'false', 'no'):
        return False
    if text in ('true', 'yes'):
        return True
    if (number := float(text)) not in (0, 1):
        raise ValueError(f'{value!r} is not 0 or 1')
    return number == 1


def read_partition(
        path: str | os.PathLike[str], n_column: int,
        statuses: Collection[str]) -> list[list[str]]:
    """Read the partition of a benchmark of DeepFashion.

    Args:
        path (str or path): Its `list_eval_partition.txt`.
        n_column (int): As of :func:`read_table`.
        statuses (tuple of str): What the last column may be.

    Returns:
        list of list of str: The rows.

    Raises:
        FileNotFoundError, ValueError: As :func:`read_table` does, or a status is another.
    """
    rows = read_table(path, n_column)
    for *_, status in rows:
        if status not in statuses:
            raise ValueError(
                f'{path}: evaluation_status is {status!r}, none of {statuses}: is it the '
                'file of another benchmark?')
    return rows


def read_boxes(
        path: str | os.PathLike[str], names: Collection[str]
) -> dict[str, tuple[str, float, float, float, float]]:
    """Read the boxes of a benchmark of DeepFashion.

    Args:
        path (str or path): Its `list_bbox_....txt`.
        names (collection of str): Images that it must have.

    Returns:
        dict: From the name of an image to the third column and
        (y_min, x_min, y_max, x_max).

    Raises:
        FileNotFoundError, ValueError: As :func:`read_table` does, or a box is not four
            numbers, or that of an image is missing.
    """
    boxes = {}
    for name, _, kind, *corners in read_table(path, 7):
        try:
            x0, y0, x1, y1 = map(float, corners)
        except ValueError as error:
            raise ValueError(f'{path}: the box of {name} is not four numbers: {error}') from error
        boxes[name] = kind, y0, x0, y1, x1
    if lacking := [name for name in names if name not in boxes]:
        raise ValueError(
            f'{path} has no box of {len(lacking)} images that the partition names, such as '
            f'{lacking[0]}')
    return boxes


def check_choice(name: str, value: Any, choices: Sequence[str | None]) -> None:
    """Raise `ValueError` unless a value is one of some."""
    if value not in choices:
        *first, last = map(repr, choices)
        raise ValueError(f'{name} must be {", ".join(first)} or {last}, not {value!r}')


def read_table(path: str | os.PathLike[str], n_column: int) -> list[list[str]]:
    """Read a text table of DeepFashion: a count, a header, columns of spaces.

    Args:
        path (str or path): The file.
        n_column (int): Columns that each row must have.

    Returns:
        list of list of str: The rows.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If a row has another number of columns or a value of more
            than 4096 characters, or there are fewer rows than the first line
            says.
    """
    lines = read_text(path).splitlines()
    try:
        n = int(lines[0])
    except (IndexError, ValueError) as error:
        raise ValueError(
            f'{path}: its first line is not a number of rows') from error
    rows = [line.split() for line in lines[2:] if line.strip()]
    for i, row in enumerate(rows):
        if len(row) != n_column:
            raise ValueError(
                f'{path}, row {i + 1} has {len(row)} columns, not {n_column}: '
                f'{" ".join(row)[:80]!r}')
        if max(map(len, row)) > _MAX_LENGTH:
            raise ValueError(
                f'{path}, row {i + 1} has a value of more than {_MAX_LENGTH} characters')
    if len(rows) < n:
        raise ValueError(
            f'{path} has {len(rows)} rows where its first line says {n}: it '
            'is truncated; fetch it again')
    return rows
