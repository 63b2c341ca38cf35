import importlib.util
import json
import pathlib
import re
import subprocess
import sys

from tests.datasets_tests import trees
from vasily_fashion.links import FashionSSD300
from vasily_fashion.utils import save_weights

import h5py
import numpy as np
import pytest

_EXAMPLES = pathlib.Path(__file__).parents[2] / 'examples'
_SCRIPTS = ['ssd/train.py', 'style_extractor/train.py', 'ssd/convert.py']


def _main(name):
    spec = importlib.util.spec_from_file_location(
        'script_' + name.replace('/', '_')[:-3], _EXAMPLES / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_no_data(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        _main(name)([])
    assert caught.value.code == 2
    assert 'nothing to train on: give --dataset' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_wrong_root(name, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--dataset', 'ccp', str(tmp_path / 'nowhere')])
    assert caught.value.code == 2
    assert str(tmp_path / 'nowhere') in capsys.readouterr().err


@pytest.mark.parametrize('name, dataset', [
    ('ssd/train.py', 'modanet'), ('style_extractor/train.py', 'street2shop'),
    ('style_extractor/train.py', 'in-shop')])
def test_no_split_to_choose_by(name, dataset, tmp_path, capsys):
    with pytest.raises(SystemExit):
        _main(name)(['--dataset', 'synthetic', '1',
                     '--val', dataset, str(tmp_path)])
    assert f"{dataset} has no split for 'val'" in capsys.readouterr().err


@pytest.mark.parametrize('words, message', [
    (['ccp'], 'a data set is a name'),
    (['nothing', 'root'], 'one of ccp'),
    (['ccp', 'root', 'wait=2'], 'wait=2 after ccp root')])
@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_wrong_dataset(name, words, message, capsys):
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--dataset', *words])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('flag, value', [
    ('--iteration', '0'), ('--batch-size', '-8'), ('--n-loader', '-1'), ('--eval-interval', '0'),
    ('--warm-up', '-1'), ('--iteration', '1e3')])
@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_numbers_that_no_training_has(name, flag, value, capsys):
    """They are refused before anything is read."""
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--dataset', 'ccp', 'nowhere', flag, value])
    assert caught.value.code == 2
    assert f'argument {flag}: ' in (error := capsys.readouterr().err) and value in error


@pytest.mark.parametrize('name, argv, message', [
    ('ssd/train.py', ['--freeze-until', 'conv12'],
     "'conv12' is no convolution of the extractor, which has conv1_1, "),
    ('ssd/train.py', ['--lr', 'nan'], 'the learning rate must be 0 or more, not nan'),
    ('style_extractor/train.py', ['--teacher-weight', '2'], '--teacher-weight needs --teacher'),
    ('style_extractor/train.py', ['--lr', '-1'], 'the learning rate must be 0 or more, not -1')])
def test_values_that_no_training_has(name, argv, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--dataset', 'synthetic', '1', '--weights', 'fashion', *argv,
                     '--out', str(tmp_path / 'out')])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_a_pair_alone(capsys):
    with pytest.raises(SystemExit):
        _main('style_extractor/train.py')(['--dataset', 'ccp', 'nowhere', '--batch-size', '1'])
    assert '--batch-size must be 2 or more' in capsys.readouterr().err


def test_features_without_a_view(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        _main('style_extractor/train.py')([
            '--dataset', 'synthetic', '1', '--features', str(tmp_path / 'features'),
            '--n-frozen-block', '2', '--n-view', '0', '--weights', 'fashion',
            '--out', str(tmp_path / 'out')])
    assert caught.value.code == 2
    assert 'n_view must be 1 or more, not 0' in capsys.readouterr().err


@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_wrong_weights(name, tmp_path, capsys):
    path = tmp_path / 'text.npz'
    path.write_text('no weights')
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--dataset', 'synthetic', '1', '--weights', str(path),
                     '--out', str(tmp_path / 'out')])
    assert caught.value.code == 2
    assert 'text.npz' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_wrong_resume(name, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--resume', str(tmp_path / 'nowhere')])
    assert caught.value.code == 2
    assert f'--resume: there is no file {tmp_path}' in capsys.readouterr().err


@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_resume_from_no_snapshot(name, tmp_path, capsys):
    path = tmp_path / 'text'
    path.write_text('no snapshot')
    with pytest.raises(SystemExit) as caught:
        _main(name)(['--dataset', 'synthetic', '1', '--batch-size', '2', '--weights', 'fashion',
                     '--resume', str(path), '--out', str(tmp_path / 'out')])
    assert caught.value.code == 2
    assert f'{path}: no training with these arguments' in capsys.readouterr().err


@pytest.mark.parametrize('name', _SCRIPTS[:2])
def test_readme_has_every_flag(name, capsys):
    """And no flag that there is not."""
    with pytest.raises(SystemExit):
        _main(name)(['--help'])
    flags = re.findall(r'^  (--[\w-]+)', capsys.readouterr().out, re.M)
    assert '--n-loader' in flags
    readme = (_EXAMPLES / name).with_name('README.md').read_text('utf-8')
    table = readme[readme.index('| flag |'):]
    table = table[:table.index('\n\n')]
    assert sorted(re.findall(r'`(--[\w-]+)', table)) == sorted(flags)


def test_style_extractor(tmp_path, capsys):
    out = tmp_path / 'out'
    vgg16 = tmp_path / 'vgg16.npz'
    save_weights(vgg16, FashionSSD300())
    _main('style_extractor/train.py')([
        '--dataset', 'synthetic', '2', '--iteration', '1', '--batch-size', '2',
        '--vgg16', str(vgg16), '--n-frozen-block', '1', '--out', str(out)])
    with np.load(vgg16) as start, np.load(out / 'model.npz') as file:
        for layer, is_kept in [('conv1_1', True), ('conv1_2', True),
                               ('conv2_1', False), ('conv3_2', False)]:
            kept = np.array_equal(
                file[f'{layer}/W'], start[f'extractor/{layer}/W'])
            assert kept == is_kept, layer
        assert file['fc5/W'].shape == (128, 3072)
        assert all(np.isfinite(file[name]).all() for name in file.files)
        assert file['bn1_1/avg_var'].any()
    run = json.loads((out / 'run.json').read_text())
    assert run['command'].startswith(
        'python examples/style_extractor/train.py --dataset synthetic 2 --iteration 1 ')
    assert run['iteration'] == 1 and 'cores' in run['machine']


def test_style_extractor_with_a_teacher(tmp_path, capsys):
    main = _main('style_extractor/train.py')
    argv = ['--dataset', 'synthetic', '2', '--iteration', '1', '--batch-size', '4',
            '--out', str(tmp_path), '--teacher']
    with pytest.raises(SystemExit):
        main([*argv, str(tmp_path / 'nowhere.onnx')])
    assert 'nowhere.onnx: a teacher is' in capsys.readouterr().err
    main([*argv, 'hsv', '--teacher-weight', '.5'])
    (line,) = json.loads((tmp_path / 'log').read_text())
    assert line['main/loss'] == pytest.approx(
        line['main/loss/rank'] + .5 * line['main/loss/teacher'], rel=1e-4)
    (path,) = tmp_path.glob('teacher_*/is_there.npy')
    assert np.load(path).all()


def test_style_extractor_on_a_data_set_of_pairs(tmp_path, capsys):
    root = trees.make_consumer_to_shop(tmp_path / 'root')
    argv = [
        '--dataset', 'consumer-to-shop', str(root),
        '--val', 'consumer-to-shop', str(root), '--iteration', '1', '--batch-size', '2',
        '--n-frozen-block', '2', '--out', str(tmp_path / 'out')]
    _main('style_extractor/train.py')(argv)
    assert (tmp_path / 'out' / 'best.npz').exists()
    (root / 'Img' / trees._C2S / 'shop_01.jpg').unlink()
    with pytest.raises(SystemExit):
        _main('style_extractor/train.py')(argv)
    assert "missing='skip'" in capsys.readouterr().err


@pytest.mark.slow
def test_same_seed_same_start(tmp_path):
    first, again, other = (tmp_path / name for name in 'abc')
    for out, seed in (first, 1), (again, 1), (other, 2):
        _main('style_extractor/train.py')([
            '--dataset', 'synthetic', '1', '--iteration', '1', '--batch-size', '2',
            '--lr', '0', '--seed', str(seed), '--out', str(out)])
    with np.load(first / 'model.npz') as a, np.load(again / 'model.npz') as b, \
            np.load(other / 'model.npz') as c:
        for layer in ('conv1_1', 'conv4_1', 'fc5'):
            np.testing.assert_allclose(
                a[f'{layer}/W'], b[f'{layer}/W'], rtol=1e-5, atol=1e-7)
            assert not np.allclose(a[f'{layer}/W'], c[f'{layer}/W'])


@pytest.mark.slow
def test_ssd(tmp_path):
    # starts from part of the weights: conv1_1 alone
    W = np.random.RandomState(0).normal(
        scale=.1, size=(64, 3, 3, 3)).astype(np.float32)
    path = tmp_path / 'conv1_1.npz'
    np.savez(path, **{'extractor/conv1_1/W': W})
    out = tmp_path / 'out'
    with pytest.warns(UserWarning, match='conv1_1.npz.*conv1_2'):
        _main('ssd/train.py')([
            '--dataset', 'synthetic', '2', '--iteration', '10', '--batch-size', '1',
            '--weights', str(path), '--freeze-until', 'conv4_3',
            '--out', str(out)])
    with np.load(out / 'model.npz') as file:
        np.testing.assert_array_equal(file['extractor/conv1_1/W'], W)
        assert all(np.isfinite(file[name]).all() for name in file.files)
    line, = json.loads((out / 'log').read_text())
    assert line['iteration'] == 10 and np.isfinite(line['main/loss'])


def _write_hed(path):
    with h5py.File(path, 'w') as file:
        n_in = 3
        for block, (n_conv, n_out) in enumerate(
                ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1):
            for i in range(n_conv):
                group = f'block{block}/layers/conv2d' + (f'_{i}' if i else '')
                file[group + '/vars/0'] = np.ones(
                    (3, 3, n_in, n_out), np.float32)
                file[group + '/vars/1'] = np.ones(n_out, np.float32)
                n_in = n_out
        file['side/vars/0'] = np.ones(2, np.float32)


def test_convert(tmp_path, capsys):
    _write_hed(tmp_path / 'hed.h5')
    _main('ssd/convert.py')(
        [str(tmp_path / 'hed.h5'), str(tmp_path / 'vgg16.npz')])
    with np.load(tmp_path / 'vgg16.npz') as file:
        assert len(file.files) == 26
        assert file['extractor/conv1_1/W'].shape == (64, 3, 3, 3)
    out = capsys.readouterr().out
    assert "Keras' VGG16" in out
    assert ('block5/layers/conv2d_2/vars/1 -> extractor/conv5_3/b (512,)'
            in out)
    assert 'side/vars/0: left out' in out
    assert '26 arrays of FashionSSD300; extractor/conv10_1' in out
    assert 'multibox/loc keep their initial values' in out


def test_convert_leaves_no_half_file(tmp_path, capsys):
    (tmp_path / 'hed.h5').write_text('no weights')
    with pytest.raises(SystemExit) as caught:
        _main('ssd/convert.py')(
            [str(tmp_path / 'hed.h5'), str(tmp_path / 'vgg16.npz')])
    assert caught.value.code == 2
    assert 'hed.h5' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['hed.h5']


@pytest.mark.slow
@pytest.mark.parametrize('name', _SCRIPTS)
def test_as_a_script(name, tmp_path):
    """In a fresh process, where nothing has imported chainer yet."""
    done = subprocess.run(
        [sys.executable, '-W', 'error::UserWarning', _EXAMPLES / name,
         '--help'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={'PYTHONPATH': str(_EXAMPLES.parent), 'HOME': str(tmp_path)})
    assert 'usage:' in done.stdout
    assert done.stderr == ''


@pytest.mark.parametrize('name, argv, message', [
    ('style_extractor/train.py', ['ccp', 'x', 'images=y'], 'images= after ccp x'),
    ('style_extractor/train.py', ['csv', 'x', 'p_ground=1'], 'p_ground= after csv x'),
    ('style_extractor/train.py', ['csv', 'x', 'n_view=1'], 'n_view= after csv x'),
    ('style_extractor/train.py', ['ccp', 'x', '--n-view', '1'], '--n-view needs --features'),
    ('style_extractor/train.py', ['synthetic', '1', '--val', 'csv', 'x', 'weight=1'],
     'weight= after csv x'),
    ('ssd/train.py', ['synthetic', '1', 'images=y'], 'images= after synthetic 1'),
    ('ssd/train.py', ['synthetic', '1', '--val', 'ccp', 'x', 'weight=1'],
     'weight= after ccp x')])
def test_options_that_are_not_for_a_data_set(name, argv, message, capsys):
    with pytest.raises(SystemExit):
        _main(name)(['--dataset', *argv])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('name, option', [
    ('ssd/train.py', '--dataset'), ('style_extractor/train.py', '--snaps')])
def test_a_package_that_is_not_installed(name, option, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'pycocotools', None)
    path = trees.make_coco(tmp_path) / 'annotations.json'
    with pytest.raises(SystemExit):
        _main(name)([option, 'coco', str(path)])
    assert 'need pycocotools' in capsys.readouterr().err


def test_snaps_that_are_missing(tmp_path, capsys):
    """And what is left out is said."""
    root = trees.make_voc(tmp_path / 'voc')
    (root / 'JPEGImages' / 'empty.jpg').unlink()
    for name in 'belt/a.png', 'dress/b.png', 'dress/c.png':
        trees.write_image(tmp_path / 'shop' / name)
    with pytest.raises(SystemExit):
        _main('style_extractor/train.py')([
            '--dataset', 'worn-products', str(tmp_path / 'shop'), '--snaps', 'voc', str(root),
            '--skip-missing', '--weights', str(tmp_path / 'nowhere')])
    output = capsys.readouterr()
    assert 'nowhere' in output.err and 'empty.jpg' not in output.err
    assert 'worn-products: 1 of 3 products are left out' in output.out
