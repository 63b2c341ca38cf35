"""Print the licence of every dependency of the files here that is installed.

    python requirements/licences.py

It is what a distribution's metadata says: an SPDX expression, or else the text of
its field License, or else its classifiers. What a wheel bundles besides, such as a
library for its C code, is in the licence files that come with it.

Exits with 1 if a licence is not known or not among those accepted below.
"""
import argparse
import importlib.metadata
import re
import sys
from pathlib import Path

LOCKS = sorted(Path(__file__).parent.glob('*.txt'))

PERMISSIVE = {
    '0BSD', 'Apache-2.0', 'BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'MIT', 'MIT-CMU',
    'PSF-2.0', 'Zlib'}
# Copyleft, and accepted: why.
COPYLEFT = {
    'MPL-2.0': 'asks whoever passes on its files for their source, and nothing of the code '
               'beside them; none is copied here, an installer fetches them unchanged'}
# Of one distribution: what to take its licence for, and why.
EXCEPTIONS = {
    'docutils': ('BSD', 'parts are in the public domain; the GPL is of an Emacs mode, rst.el, '
                        'which is in its source archive and in no wheel')}

NAMES = {
    '3-Clause BSD License': 'BSD-3-Clause',
    'Apache 2.0': 'Apache-2.0',
    'Apache Software License': 'Apache-2.0',
    'BSD License': 'BSD',
    'FreeBSD': 'BSD-2-Clause',
    'MIT License': 'MIT',
    'Mozilla Public License 2.0 (MPL 2.0)': 'MPL-2.0',
    'Python Software Foundation License': 'PSF-2.0',
}


def locked_names(paths):
    """The names of locks, each once: some have a version for each Python."""
    return sorted({name for path in paths for name in re.findall(
        r'^([\w.-]+)==', Path(path).read_text('utf-8'), re.M)})


def licence_of(metadata):
    """An SPDX expression as far as can be told; '' if there is none."""
    def name(text):
        text = text.strip().removeprefix('OSI Approved :: ')
        return NAMES.get(text, text)

    expression = metadata.get('License-Expression')
    if expression:
        return expression
    field = metadata.get('License') or ''
    classifiers = [name(text.removeprefix('License :: '))
                   for text in metadata.get_all('Classifier') or ()
                   if text.startswith('License :: ')]
    # some put the whole text of the licence there
    if field and '\n' not in field.strip():
        return name(field)
    # several are for several parts, or a choice: the one that asks for more is taken
    return ' AND '.join(classifiers)


def is_accepted(expression):
    """Whether every part of an expression can be had under a licence that is accepted.

    Expressions that nest deeper than "A AND (B OR C)" are not taken apart: they
    are not accepted.
    """
    accepted = PERMISSIVE | COPYLEFT.keys()
    return all(
        any(name in accepted for name in part.removeprefix('(').removesuffix(')').split(' OR '))
        for part in expression.split(' AND '))


def main(argv=None, locks=LOCKS, distribution=importlib.metadata.distribution):
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(argv)
    missing, notes, refused = [], {}, []
    row = '{:<24} {:<18} {}'
    print(row.format('name', 'version', 'licence'))
    for name in locked_names(locks):
        try:
            found = distribution(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        licence = licence_of(found.metadata)
        if name in EXCEPTIONS:
            licence, notes[name] = EXCEPTIONS[name]
        print(row.format(name, found.version, licence or 'unknown'))
        if not is_accepted(licence):
            refused.append(name)
        notes.update({key: why for key, why in COPYLEFT.items() if key in licence})
    print(f"\nnot installed: {', '.join(missing) or 'none'}")
    for key, why in notes.items():
        print(f'{key}: {why}')
    if refused:
        print(f"not accepted: {', '.join(refused)}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == '__main__':
    sys.exit(main())
