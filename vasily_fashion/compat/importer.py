"""The finder that corrects Chainer's packages while they are imported.

Modules without a repair are loaded as ever, from their bytecode cache.  A
module with one is compiled from its corrected source at each start (35 to
40 ms for all that ``import chainercv`` needs): pip compiles what it installs,
so its cached bytecode is the broken one, and ours must not be left in
site-packages, where it would outlive this package.
"""
import importlib.machinery
import importlib.util
import os
import sys
import warnings

from vasily_fashion.compat.repairs import REPAIRS, REPLACED, REWRITTEN

#: The packages that are repaired.
PACKAGES = ('chainer', 'chainercv', 'chainermn', 'onnx_chainer')


class RepairingLoader(importlib.machinery.SourceFileLoader):
    """Loads a module from its source file, corrected."""

    def get_code(self, fullname):
        if fullname not in REPAIRS and fullname not in REWRITTEN:
            return super().get_code(fullname)
        source = repair_source(fullname, self.get_source(fullname))
        return self.source_to_code(source, self.get_filename(fullname))

    def source_to_code(self, data, path, *args, **kwargs):
        # ChainerCV's docstrings have '\#' and '\_', and two lines compare
        # with `is 'text'`.  Python 3.12 and newer show that when a file is
        # compiled, that is, on the first import where pip did not compile.
        with warnings.catch_warnings():
            warnings.filterwarnings(
                'ignore', r'invalid escape sequence'
                r'|"\\.*" is an invalid escape sequence|"is" with ')
            return super().source_to_code(data, path, *args, **kwargs)


class RepairingFinder:
    """Finds the modules of :data:`PACKAGES`, where Python itself does."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        if fullname.partition('.')[0] not in PACKAGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None:
            if fullname in REPLACED:
                return importlib.util.spec_from_file_location(
                    fullname, os.path.join(
                        os.path.dirname(__file__), REPLACED[fullname]))
        elif type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = RepairingLoader(spec.loader.name, spec.loader.path)
        return spec


def repair_source(fullname, source):
    """The source of a module, corrected.

    A text that is not there belongs to another release, or to a fork that
    was corrected in its own way.  It is left as it is, with a
    :class:`RuntimeWarning` that names the module and the repair: nothing is
    skipped unseen.  (For Chainer 7.8.1 and ChainerCV 0.13.1 a test finds
    every text.)

    Args:
        fullname (str): Name of the module.
        source (str): Its source, as released.

    Returns:
        str: The source to run.

    """
    if fullname in REWRITTEN:
        return REWRITTEN[fullname](source)
    for repair in REPAIRS[fullname]:
        for old, new in repair.edits.items():
            if old not in source:
                warnings.warn(
                    'vasily_fashion.compat finds nothing to repair in '
                    f'{fullname} ({repair.why}): it knows the releases '
                    'Chainer 7.8.1 and ChainerCV 0.13.1',
                    RuntimeWarning, stacklevel=2)
            source = source.replace(old, new)
    return source


def is_repaired(module):
    """Whether a module came through :class:`RepairingLoader`."""
    loader = getattr(getattr(module, '__spec__', None), 'loader', None)
    return _is(type(loader), RepairingLoader)


def is_installed():
    """Whether the finder is in place."""
    return any(_is(finder, RepairingFinder) for finder in sys.meta_path)


def install_importer():
    """Puts the finder in place, once."""
    if not is_installed():
        sys.meta_path.insert(0, RepairingFinder)


def _is(cls, ours):
    # by name: a reload of this package makes new classes of the same name
    return (getattr(cls, '__module__', None) == ours.__module__ and
            getattr(cls, '__qualname__', None) == ours.__qualname__)
