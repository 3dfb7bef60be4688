"""What a run leaves is whole or refused: weights, sidecars and the state to resume from."""

import errno
import json
import os
import random
from collections.abc import Callable, Iterator
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from models_zoo import build
from models_zoo.checkpoints.files import weights_load, weights_save
from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import shipped, sidecar_read
from models_zoo.files import atomic_file, clear_temporaries, write_atomically
from models_zoo.training.record import state as states
from models_zoo.training.record.state import state_files, state_load, state_resume, state_save
from tests.models_zoo.fixtures import write_checkpoint


def network(classes: int = 3) -> torch.nn.Module:
    return build("unet", variant="slim", num_classes=classes)


def header(length: int) -> bytes:
    return length.to_bytes(8, "little")


def test_weights_come_back(tmp_path):
    saved, loaded = network(), network()
    weights_save(tmp_path / "w.safetensors", saved)
    weights_load(tmp_path / "w.safetensors", loaded)
    for name, tensor in saved.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_equal_weights_give_equal_files(tmp_path):
    saved = network()
    assert weights_save(tmp_path / "a", saved) == weights_save(tmp_path / "b", saved)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    broken = network()
    torch.nn.init.constant_(broken.score.bias, value)
    weights_save(tmp_path / "w.safetensors", broken)
    with pytest.raises(ValueError, match=r"w\.safetensors: score\.bias .* not finite"):
        weights_load(tmp_path / "w.safetensors", network())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        header(1 << 62) + b"{}",
        header(100) + b"x" * 200,
        header(2) + b"[]",
        b"cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_what_is_no_safetensors_file_is_refused(content, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.safetensors is no safetensors file"):
        weights_load(tmp_path / "w.safetensors", network())


def test_weights_of_another_network_are_refused_with_the_place(tmp_path):
    weights_save(tmp_path / "w.safetensors", network(classes=4))
    with pytest.raises(ValueError, match=r"names or shapes differ at score\.\w+, score\.\w+\."):
        weights_load(tmp_path / "w.safetensors", network())


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def write_half() -> None:
        with atomic_file(path) as file:
            file.write(b"half of the n")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_is_in_its_place(tmp_path, monkeypatch):
    path, seen = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.exists()))
    write_atomically(path, b"new")
    assert seen == [False, True]  # the file's bytes, then the folder that names it


def test_what_killed_writers_left_is_cleared(tmp_path):
    (tmp_path / ".state-00000001.pt.tmp").write_bytes(b"half")
    clear_temporaries(tmp_path)
    assert not list(tmp_path.iterdir())


def save_states(folder, *steps):
    for step in steps:
        state_save(folder, step, {"step": step, "network": {"w": torch.arange(1000.0)}})


def test_the_last_two_states_are_kept(tmp_path):
    save_states(tmp_path, 8, 9, 10, 11)
    steps = [path.name.split("-")[1] for path in state_files(tmp_path)]
    assert steps == ["00000010", "00000011"]
    assert state_load(tmp_path)["step"] == 11


def damages(size: int) -> Iterator[Callable[[bytes], bytes]]:
    """Flipped bits anywhere, files cut off anywhere, and a piece that was never written."""
    dice = random.Random(4)
    for _ in range(400):
        at, bit = dice.randrange(size), 1 << dice.randrange(8)
        yield lambda d, at=at, bit=bit: d[:at] + bytes([d[at] ^ bit]) + d[at + 1 :]
    for length in (0, 10, size // 2, size - 3, *(dice.randrange(size) for _ in range(40))):
        yield lambda d, length=length: d[:length]
    for at in range(0, size, max(1, size // 20)):
        yield lambda d, at=at: d[:at] + bytes(min(512, len(d) - at)) + d[at + 512 :]


def test_a_damaged_state_falls_back_to_the_older_and_says_so(tmp_path):
    save_states(tmp_path, 1, 2)
    newest = state_files(tmp_path)[-1]
    whole = newest.read_bytes()
    for damage in damages(len(whole)):
        newest.write_bytes(damage(whole))
        if newest.read_bytes() == whole:
            continue  # it was zeros that were never written
        state, damaged = state_resume(tmp_path)
        assert (state["step"], damaged) == (1, [newest.name])
        assert not newest.exists()  # else it would count as one of the last two


def test_a_state_of_an_earlier_version_is_read_or_left_aside(tmp_path):
    path = tmp_path / "state-00000002.pt"
    torch.save({"step": 2, "network": {"w": torch.arange(1000.0)}}, path)
    whole = path.read_bytes()
    assert state_resume(tmp_path)[0]["step"] == 2
    for damage in damages(len(whole)):
        path.write_bytes(damage(whole))
        state, damaged = state_resume(tmp_path)
        assert state is None or not damaged
    path.write_bytes(whole)
    save_states(tmp_path, 3)
    assert state_files(tmp_path)[0] == path


def test_of_two_states_of_one_step_the_later_is_the_newer(tmp_path):
    for epoch in (0, 1):
        state_save(tmp_path, 5, {"epoch": epoch})
        os.utime(state_files(tmp_path)[-1], ns=(epoch, epoch))
    assert len(state_files(tmp_path)) == 2
    assert state_load(tmp_path)["epoch"] == 1


def test_a_disk_that_does_not_answer_costs_no_state(tmp_path, monkeypatch):
    save_states(tmp_path, 1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(states, "sha256_of", Mock(side_effect=OSError(errno.EIO, "I/O error")))
        with pytest.raises(OSError, match="I/O"):
            state_resume(tmp_path)
    assert state_load(tmp_path)["step"] == 2


def test_no_state_is_none(tmp_path):
    assert state_load(tmp_path) is None
    (tmp_path / "state-00000001.pt").write_bytes(b"garbage")
    assert state_load(tmp_path) is None


def test_sidecars_say_what_they_lack(tmp_path):
    path = tmp_path / "a.json"
    for text, message in (
        ("{", "is no sidecar"),
        ("[]", "holds no object"),
        ('{"format": 1}', "lacks key, architecture"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=rf"a\.json .*{message}"):
            sidecar_read(path)
    weights, _ = write_checkpoint(tmp_path, format=2)
    with pytest.raises(ValueError, match="has format 2"):
        resolve(str(weights))


def test_a_checkpoint_is_named_by_its_file_or_its_key(tmp_path):
    weights, sidecar = write_checkpoint(tmp_path)
    assert resolve(str(weights)).sidecar == json.loads(json.dumps(sidecar))
    with pytest.raises(ValueError, match="neither a shipped key"):
        resolve("camvid-none-slim")
    for item in shipped():
        assert resolve(item.sidecar["key"]) == item


TOTALS = {
    "hits": np.diag,
    "truth": lambda counts: counts.sum(axis=1),
    "predicted": lambda counts: counts.sum(axis=0),
}


@pytest.mark.parametrize("item", shipped(), ids=lambda item: item.sidecar["key"])
def test_the_counts_of_each_image_add_up_to_the_score(item):
    first = item.scores()[0]
    told, per_image = np.array(first["confusion"]), first["per_image"]
    assert (first["split"], len(per_image)) == ("val", first["images"])
    added = {name: sum(np.array(image[name]) for image in per_image) for name in TOTALS}
    # Both in fp32, by two processors: a pixel in a million may round otherwise.
    rounded = told.sum() // 1_000_000
    for name, total in TOTALS.items():
        assert np.abs(added[name] - total(told)).sum() <= rounded, name
    assert added["truth"].tolist() == told.sum(axis=1).tolist()
