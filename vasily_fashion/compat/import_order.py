"""Chainer must not be imported before it can be repaired."""
import sys

from vasily_fashion.compat.importer import PACKAGES, is_installed, is_repaired


def check_import_order():
    """Refuses a Chainer that is already imported and was not repaired.

    It cannot be repaired afterwards: whoever imported it holds references to
    its classes, and a second Chainer beside the first would not know them.

    What is repaired is an import that *failed* (as it does on NumPy 2) and
    was caught: Python takes the failed package out of :data:`sys.modules`
    again but leaves its submodules there, and these are removed, so that the
    next import starts afresh.

    Raises:
        ImportError: It names what was imported too early, and says what to
            do.

    """
    if is_installed():
        return
    early = [name for name in PACKAGES
             if name in sys.modules and not is_repaired(sys.modules[name])]
    if early:
        raise ImportError(
            '{} was imported before vasily_fashion, which must come first '
            'to repair it: put `import vasily_fashion` above the first import '
            'of chainer, chainercv, chainermn or onnx_chainer in the script '
            '(or notebook: restart its kernel) that was started'
            .format(' and '.join(early)), name=early[0])
    for name in list(sys.modules):
        root = name.partition('.')[0]
        if root in PACKAGES and root not in sys.modules:
            del sys.modules[name]
