"""Which images a step sees and what becomes of them: a function of the seed alone."""

import numpy as np
import pytest
import torch

from models_zoo.data import kept, open_dataset
from models_zoo.data.transforms import IGNORED, TrainingItems
from models_zoo.images import IMAGENET_MEAN as MEAN
from models_zoo.images import IMAGENET_STD as STD
from models_zoo.images import normalise
from models_zoo.torchvision_ops import v2
from models_zoo.training.batches import Batches, batch_loader
from models_zoo.training.distributed import Group
from tests.models_zoo.fixtures import draw_camvid


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = draw_camvid(tmp_path_factory.mktemp("data") / "camvid", train=6)
    return open_dataset(f"camvid:{root}", "train")


def items(*datasets, **changes) -> TrainingItems:
    settings = {"seed": 0, "crop": (32, 40), "scale": (0.5, 2.0), "flip": True, "jitter": 0.3}
    return TrainingItems(datasets, **settings | changes)


def batches(**changes) -> Batches:
    settings = {"labelled": 10, "extra": 0, "batch": 3, "seed": 0, "group": Group()}
    return Batches(changes.pop("items", 10), **settings | changes)


def test_what_networks_take_is_normalised_as_by_torchvision(dataset):
    image = torch.tensor(dataset.load_image(0)).permute(2, 0, 1)
    theirs = v2.functional.normalize(image.float() / 255, list(MEAN), list(STD))
    assert torch.equal(normalise(image, MEAN, STD), theirs)


def test_an_item_is_the_same_whoever_draws_it(dataset):
    first, second = items(dataset), items(dataset)
    torch.manual_seed(5)
    second[(0, 1)]
    for key in [(0, 0), (3, 4)]:
        for one, other in zip(first[key], second[key], strict=True):
            assert torch.equal(one, other)


def test_an_item_differs_by_epoch_and_by_seed(dataset):
    images = [items(dataset)[(0, 0)], items(dataset)[(1, 0)], items(dataset, seed=1)[(0, 0)]]
    assert not torch.equal(images[0][0], images[1][0])
    assert not torch.equal(images[0][0], images[2][0])


def test_image_and_mask_move_together(dataset):
    image, mask = items(dataset, scale=(0.1, 0.15), jitter=0.0)[(0, 2)]
    assert image.shape == (3, 32, 40)
    assert mask.shape == (32, 40)
    assert mask.dtype == torch.int64
    red = image[0] - image[2]
    assert red[mask == 8].mean() > red[mask == 3].mean() + 1  # the car is red, the road grey


def test_what_is_ignored_is_one_value_whatever_the_data_set_says(dataset):
    masks = [items(dataset, scale=(0.08, 0.08))[(0, index)][1] for index in range(6)]
    assert set(torch.unique(torch.stack(masks)).tolist()) == {0, 3, 8, IGNORED}


def test_without_augmentation_an_item_is_its_image(dataset, monkeypatch):
    monkeypatch.setattr(dataset, "input_size", (48, 64))
    plain = items(dataset, crop=(48, 64), scale=(1.0, 1.0), flip=False, jitter=0.0)
    image, mask = plain[(0, 0)]
    wanted = normalise(torch.tensor(dataset.load_image(0)).permute(2, 0, 1), MEAN, STD)
    assert torch.allclose(image, wanted)
    assert np.array_equal(mask.numpy() % 244, dataset.load_mask(0))  # 255 for 11


def test_items_of_several_data_sets_follow_each_other(dataset):
    both = items(dataset, dataset)
    assert len(both) == 12
    assert not torch.equal(both[(0, 0)][0], both[(0, 6)][0])  # other random choices


@pytest.mark.parametrize(("room", "read"), [(1 << 30, 1), (1, 2)])
def test_decoded_items_are_kept_while_there_is_room(dataset, monkeypatch, room, read):
    monkeypatch.setattr(kept, "KEPT_BYTES", room)
    asked, load = [], dataset.load
    monkeypatch.setattr(dataset, "load", lambda index: asked.append(index) or load(index))
    items = kept.Kept(dataset)
    for index in (0, 1, 1):
        image, mask = items.load(index)
        np.testing.assert_array_equal(image, load(index)[0])
        np.testing.assert_array_equal(mask, load(index)[1])
    assert asked.count(1) == read


def test_an_epoch_has_each_image_at_most_once():
    keys = [key for batch in batches() for key in batch]
    assert len(keys) == len(set(keys)) == 9
    assert {epoch for epoch, _ in keys} == {0}


def test_epochs_and_seeds_have_orders_of_their_own():
    first, second = batches(), batches()
    second.epoch = 1
    orders = [[i for batch in some for _, i in batch] for some in (first, second, batches(seed=1))]
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]
    assert orders[0] == [i for batch in batches() for _, i in batch]


def test_an_epoch_of_two_passes_is_two_epochs_of_one():
    double, single = batches(batch=5, passes=2), batches(batch=5)
    double.epoch = 1
    assert double.steps == 4
    wanted = []
    for single.epoch in (2, 3):
        wanted += list(single)
    assert list(double) == wanted
    assert {number for batch in double for number, _ in batch} == {2, 3}


def test_an_epoch_goes_on_in_its_middle():
    whole, rest = list(batches()), batches()
    rest.step = 2
    assert list(rest) == whole[2:]


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_the_batches_of_one(world):
    alone = list(batches(batch=4))
    shares = [list(batches(batch=4, group=Group(rank, world))) for rank in range(world)]
    for step, batch in enumerate(alone):
        assert sorted(key for share in shares for key in share[step]) == sorted(batch)


def test_pseudo_labelled_items_are_mixed_in_at_their_ratio():
    mixed = batches(items=30, labelled=10, extra=5, batch=5)
    assert mixed.steps == 3
    seen = [[i for batch in mixed for _, i in batch]]
    mixed.epoch = 1
    seen.append([i for batch in mixed for _, i in batch])
    for indices in seen:
        assert sorted(i for i in indices if i < 10) == list(range(10))
        assert len({i for i in indices if i >= 10}) == 5
    assert set(seen[0]) != set(seen[1])


def test_fewer_images_than_a_batch_are_one_step():
    assert [len(batch) for batch in batches(items=2, labelled=2)] == [2]


def test_the_loader_reads_each_epoch_anew(dataset):
    some = Batches(6, labelled=6, extra=0, batch=2, seed=0, group=Group())
    loader = batch_loader(items(dataset), some, 0)
    first = [image for image, _ in loader]
    some.epoch = 1
    second = [image for image, _ in loader]
    assert len(first) == len(second) == 3
    assert not np.array_equal(first[0], second[0])
