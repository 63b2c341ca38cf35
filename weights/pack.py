"""Turn what a training wrote into a file of weights/, or the mean of what several did.

Writes the file's name and sha256 into weights.json, where pretrained_model='fashion' looks,
and what the training wrote of itself, run.json beside the model, into runs.jsonl.
"""
import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import atomic_write, save_weights

import numpy as np

_LINKS = {
    'fashion_ssd300': (FashionSSD300, np.float16),
    'style_extractor_bn': (StyleExtractorBN, np.float16),
}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python weights/pack.py fashion_ssd300 '
        'output/ssd/model.npz v2')
    parser.add_argument('link', choices=sorted(_LINKS))
    parser.add_argument(
        'model', nargs='+', help='model.npz that the training wrote; of several, each of '
        'which goes on from the one before, the mean is taken (Izmailov et al. Averaging '
        'Weights Leads to Wider Optima and Better Generalization. UAI 2018)')
    parser.add_argument('version', help='end of the file name, such as v2')
    args = parser.parse_args(argv)
    link, dtype = _LINKS[args.link]
    path = Path(__file__).parent / f'{args.link}_{args.version}.npz'
    models = [link(pretrained_model=model) for model in args.model]
    average(models)
    save_weights(path, models[0], dtype)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    table = path.with_name('weights.json')
    rows = json.loads(table.read_text('utf-8'))
    rows[args.link] = {'file': path.name, 'sha256': digest}
    with atomic_write(table, 'w', encoding='utf-8') as file:
        json.dump(rows, file, indent=2)
        file.write('\n')
    # what the training says of itself
    runs = [json.loads(run.read_text('utf-8')) for model in dict.fromkeys(args.model)
            if (run := Path(model).with_name('run.json')).exists()]
    with open(path.with_name('runs.jsonl'), 'a', encoding='utf-8') as file:
        file.writelines(json.dumps({'file': path.name, **run}) + '\n' for run in runs)
    print(path.name, os.path.getsize(path), digest)


def average(models):
    """Give the first of some links the means of the parameters of all.

    And of the running statistics of batch normalisation: Izmailov et al. compute
    them anew, but in neighbours they are nearly the same.
    """
    for links in zip(*(model.links() for model in models), strict=True):
        for name in links[0]._params | links[0]._persistent:
            first, *others = (getattr(link, name) for link in links)
            first, *others = (getattr(x, 'array', x) for x in (first, *others))
            if isinstance(first, np.ndarray):
                first[...] = np.mean([first, *others], axis=0)


if __name__ == '__main__':
    sys.exit(main())
