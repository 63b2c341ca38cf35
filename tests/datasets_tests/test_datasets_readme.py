import pathlib
import re

from tests.datasets_tests import trees
from vasily_fashion import datasets
from vasily_fashion.datasets.named_datasets import BBOX_DATASETS, RETRIEVAL_DATASETS

_FOLDER = pathlib.Path(datasets.__file__).parent
_README = (_FOLDER / 'README.md').read_text('utf-8')


def test_table_has_every_reader_and_its_name():
    table = _README[_README.index('| data set |'):]
    table = table[:table.index('\n\n')]
    rows = [re.findall(r'`([^`]+)`', '|'.join(line.split('|')[2:4]))
            for line in table.splitlines()[2:]]
    named = {row[-1]: row[0] for row in rows}
    assert named == {
        name: reader.__name__
        for name, (reader, _) in {**BBOX_DATASETS, **RETRIEVAL_DATASETS}.items()}
    for row in rows:
        for name in row[:-1]:
            assert hasattr(datasets, name), name


def test_snippets_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trees.make_coco(tmp_path)
    trees.make_street2shop(tmp_path / 'street2shop')
    trees.make_voc(tmp_path / 'voc')
    trees.make_consumer_to_shop(tmp_path / 'consumer-to-shop')
    snippets = re.findall(r'^```python\n(.*?)^```$', _README, re.M | re.S)
    assert len(snippets) == 2
    names = {}
    for snippet in snippets:
        exec(snippet, names)
    assert len(names['pairs'][0]) == len(names['photos'][0]) == 3
    assert names['items'].item_ids.tolist() == ['id_00000001'] * 4


def test_links_lead_somewhere():
    for target in re.findall(r'\]\(([^)#]+)\)', _README):
        assert (_FOLDER / target).exists(), target
