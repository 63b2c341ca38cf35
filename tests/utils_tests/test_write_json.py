import json
import os

from vasily_fashion.utils import write_json

import numpy as np


def test_what_is_not_a_number_is_null(tmp_path):
    path = tmp_path / 'a.json'
    write_json(path, {'写真': [float('nan'), np.inf, .5], 'n': 1})
    assert json.loads(path.read_text('utf-8')) == {'写真': [None, None, .5], 'n': 1}
    assert '写真' in path.read_text('utf-8')
    write_json(path, os.fsdecode(b'bad\xff'))
    assert json.loads(path.read_text('utf-8')) == os.fsdecode(b'bad\xff')


def test_the_folder_is_made(tmp_path):
    write_json(tmp_path / 'not' / 'there' / 'a.json', {'n': 1})
    assert json.loads((tmp_path / 'not' / 'there' / 'a.json').read_text()) == {'n': 1}


def test_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json(None, {'n': 1})
    assert not list(tmp_path.iterdir())
