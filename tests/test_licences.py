import importlib.metadata
from email.message import Message

from requirements import licences

import pytest


def _metadata(**fields):
    metadata = Message()
    for key, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            metadata[key.replace('_', '-')] = value
    return metadata


def test_licences_of_what_is_installed(capsys):
    assert licences.main([]) == 0
    table, rest = capsys.readouterr().out.split('\n\nnot installed: ')
    rows = [line.split(maxsplit=2) for line in table.splitlines()[1:]]
    names = licences.locked_names(licences.LOCKS)
    assert {row[0] for row in rows} <= set(names)
    assert {'chainer', 'numpy', 'pytest'} <= {row[0] for row in rows}
    for name, version, licence in rows:
        assert version == importlib.metadata.version(name)
        assert licence != 'unknown'
    missing = set(rest.splitlines()[0].split(', ')) - {'none'}
    assert missing | {row[0] for row in rows} == set(names)
    assert ('MPL-2.0: ' in rest) == any('MPL-2.0' in row[2] for row in rows)


@pytest.mark.parametrize('fields, expected', [
    (dict(License_Expression='MIT AND PSF-2.0', License='else',
          Classifier=['License :: OSI Approved :: BSD License']), 'MIT AND PSF-2.0'),
    (dict(License='Apache 2.0'), 'Apache-2.0'),
    (dict(License='Proprietary', Classifier=['License :: OSI Approved :: MIT License']),
     'Proprietary'),
    (dict(License='All of it:\n        ...',
          Classifier=['Topic :: x', 'License :: OSI Approved :: MIT License']), 'MIT'),
    (dict(Classifier=['License :: OSI Approved :: BSD License',
                      'License :: OSI Approved :: GNU General Public License (GPL)']),
     'BSD AND GNU General Public License (GPL)'),
    (dict(Classifier=['Topic :: x']), ''),
    (dict(), ''),
])
def test_licence_of(fields, expected):
    assert licences.licence_of(_metadata(**fields)) == expected


@pytest.mark.parametrize('expression, accepted', [
    ('MIT', True),
    ('MPL-2.0 AND (Apache-2.0 OR MIT)', True),
    ('GPL-3.0-only OR MIT', True),
    ('GPL-3.0-only AND MIT', False),
    ('MIT AND (AGPL-3.0-only OR GPL-3.0-only)', False),
    ('GPL-3.0-only OR (GPL-2.0-only AND MIT)', False),  # not taken apart
    ('Proprietary', False),
    ('', False),
])
def test_is_accepted(expression, accepted):
    assert licences.is_accepted(expression) is accepted


def test_what_is_refused(tmp_path, capsys):
    (tmp_path / 'lock.txt').write_text(
        'first==1.0 \\\n    --hash=sha256:0\n    # via second\nsecond==2 ; x\nsecond==3 ; y\n'
        'third==4\nunnamed==5\n')
    known = {'first': _metadata(License='MIT'), 'second': _metadata(License='GPL'),
             'unnamed': _metadata()}

    class Distribution:
        version = '1.0'

        def __init__(self, name):
            if name not in known:
                raise importlib.metadata.PackageNotFoundError
            self.metadata = known[name]

    assert licences.main([], [tmp_path / 'lock.txt'], Distribution) == 1
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()[1:4]] == [
        ['first', '1.0', 'MIT'], ['second', '1.0', 'GPL'], ['unnamed', '1.0', 'unknown']]
    assert 'not installed: third\n' in out
    assert err == 'not accepted: second, unnamed\n'
