"""Loader: every picture once per round, full batches, and a state of plain values to go on from."""

import json

import numpy as np
import pytest

from minimaskrcnn.data import ColourJitter, Compose, HorizontalFlip, Loader, Shapes
from minimaskrcnn.errors import InputError

AUGMENT = Compose(HorizontalFlip(), ColourJitter())


def loader(seed=0, batch_size=3, augment=None, size=10):
    return Loader(Shapes("train", size=size), batch_size, np.random.default_rng(seed), augment)


def ids(batches):
    return [target.image_id for _, targets in batches for target in targets]


def take(stream, count):
    return [next(stream) for _ in range(count)]


def same(batches, others):
    pairs = zip(batches, others, strict=True)
    return all(np.array_equal(a, b) for (x, _), (y, _) in pairs for a, b in zip(x, y, strict=True))


def test_each_round_shows_every_picture_once_in_a_new_order():
    seen = ids(take(loader(), 10))  # 30 pictures: three rounds of ten
    rounds = [seen[:10], seen[10:20], seen[20:]]
    assert all(sorted(r) == list(range(10)) for r in rounds)
    assert len({tuple(r) for r in rounds}) == 3


def test_batches_are_lists_and_always_full():
    for images, targets in take(loader(batch_size=4), 6):
        assert len(images) == len(targets) == 4
        assert images[0].shape == (3, 128, 128)
    assert ids(take(loader(batch_size=5, size=2), 2)).count(0) == 5


def test_the_seed_decides_everything():
    assert same(take(loader(1, augment=AUGMENT), 5), take(loader(1, augment=AUGMENT), 5))
    assert not same(take(loader(1, augment=AUGMENT), 1), take(loader(2, augment=AUGMENT), 1))


@pytest.mark.parametrize("steps", [0, 1, 3, 4, 10])
def test_a_restored_stream_goes_on_as_if_nothing_had_happened(steps):
    stream = loader(3, augment=AUGMENT)
    take(stream, steps)
    state = json.loads(json.dumps(stream.state()))
    expected = take(stream, 6)
    resumed = loader(99, augment=AUGMENT)
    resumed.restore(state)
    assert same(take(resumed, 6), expected)
    assert (resumed.epoch, resumed.position) == (stream.epoch, stream.position)


def test_draws_by_others_between_batches_are_part_of_the_state():
    rng = np.random.default_rng(0)
    stream = Loader(Shapes("train", size=10), 2, rng, AUGMENT)
    take(stream, 2)
    rng.random(7)
    state = stream.state()
    expected = take(stream, 5), rng.random()
    stream.restore(state)
    assert same(take(stream, 5), expected[0])
    assert rng.random() == expected[1]


def test_rounds_are_counted():
    stream = loader(batch_size=5)
    assert (stream.epoch, stream.position) == (0, 0)
    take(stream, 3)
    assert (stream.epoch, stream.position) == (1, 5)


def test_bad_arguments_and_a_state_of_other_data_are_refused():
    with pytest.raises(InputError, match="batch_size must be a whole number from 1 to 65536; got int 0"):
        loader(batch_size=0)
    stream = loader(size=10)
    take(stream, 3)
    with pytest.raises(InputError, match="position 9 is outside a data set of 4"):
        loader(size=4).restore(stream.state())
