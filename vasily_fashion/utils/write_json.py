import json
import os
from typing import Any

from vasily_fashion.utils.atomic_write import atomic_write


def write_json(path: str | os.PathLike[str] | None, result: Any) -> None:
    """Write what a script found as JSON, as its ``--json`` asks for.

    JSON has no NaN and no infinity: they are written as null.

    Args:
        path (str or path): The file, which is there whole or not at all;
            its folder is made if there is none. Nothing is written if it is :obj:`None`.
        result: Dicts and lists of text and numbers.

    Raises:
        OSError: If the file cannot be written.
    """
    if path is None:
        return
    result = json.loads(json.dumps(result), parse_constant=lambda name: None)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    # names of files that are not UTF-8 become JSON's own escapes
    with atomic_write(path, 'w', encoding='utf-8', errors='backslashreplace') as file:
        json.dump(result, file, indent=2, ensure_ascii=False)
        file.write('\n')
