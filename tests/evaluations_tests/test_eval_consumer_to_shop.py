from vasily_fashion.evaluations import eval_consumer_to_shop

import numpy as np
import pytest


def _oracle(embeddings, item_ids, is_shop, partitions, gallery, ks):
    right = []
    rows = range(len(item_ids))
    for i in rows:
        if is_shop[i] or partitions[i] != 'test':
            continue
        ranked = sorted(
            (float(((embeddings[i] - embeddings[j]) ** 2).sum()),
             bool(item_ids[j] == item_ids[i]))
            for j in rows if is_shop[j] and (
                partitions[j] == 'test'
                or gallery == 'val+test' and partitions[j] == 'val'))
        right.append([any(p for _, p in ranked[:k]) for k in ks])
    return {f'hit@{k}/gallery={gallery}': np.mean([r[n] for r in right])
            for n, k in enumerate(ks)}


@pytest.mark.parametrize('gallery', ['test', 'val+test'])
@pytest.mark.parametrize('seed', range(10))
def test_is_the_oracle(seed, gallery):
    rng = np.random.RandomState(seed)
    args = (rng.randint(-1, 2, (60, 3)).astype('f'),
            np.array(['id_1', 'id_2', 'id_3', 'id_4'])[rng.randint(4, size=60)],
            rng.rand(60) < .6,
            np.array(['train', 'val', 'test'])[rng.randint(3, size=60)])
    result = eval_consumer_to_shop(*args, gallery=gallery, ks=(1, 4))
    assert result == pytest.approx(_oracle(*args, gallery, (1, 4)))


# a test consumer at 0, shop images at 1 (val), 2 (test) and 3 (test, its own)
_CASE = ([[0.], [1.], [2.], [3.], [0.], [0.]], [7, 8, 9, 7, 9, 7],
         [False, True, True, True, False, True],
         ['test', 'val', 'test', 'test', 'val', 'train'])


def test_by_hand():
    assert eval_consumer_to_shop(*_CASE, ks=(1, 2)) == {
        'hit@1/gallery=test': 0, 'hit@2/gallery=test': 1}
    assert eval_consumer_to_shop(*_CASE, gallery='val+test', ks=(2, 3)) == {
        'hit@2/gallery=val+test': 0, 'hit@3/gallery=val+test': 1}


def test_bad_input():
    with pytest.raises(ValueError, match="gallery must be one of .*'all'"):
        eval_consumer_to_shop(*_CASE, gallery='all')
    with pytest.raises(ValueError, match='partitions has shape'):
        eval_consumer_to_shop(*_CASE[:3], ['test'])


def test_unknown_values():
    with pytest.raises(ValueError, match=r"is_shop has \['0', '1'\]"):
        eval_consumer_to_shop(np.eye(2), [1, 1], ['0', '1'], ['test'] * 2)
    with pytest.raises(ValueError, match=r"partitions has \['Test'\]"):
        eval_consumer_to_shop(np.eye(2), [1, 1], [False, True], ['test', 'Test'])
