"""What a run leaves is whole or refused: weights, sidecars and the state to resume from."""

import json
import os

import pytest
import torch

from models_zoo import build
from models_zoo.checkpoints.files import weights_load, weights_save
from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import shipped, sidecar_read
from models_zoo.files import atomic_file, clear_temporaries, write_atomically
from models_zoo.training.record.state import state_files, state_load, state_save
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
    names = [path.name for path in state_files(tmp_path)]
    assert names == ["state-00000010.pt", "state-00000011.pt"]
    assert state_load(tmp_path)["step"] == 11


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda d: b"", lambda d: d[:10], lambda d: d[: len(d) // 2], lambda d: d[:-3], flip],
    ids=["empty", "stub", "half", "tail", "bit"],
)
def test_a_damaged_state_falls_back_to_the_older(damage, tmp_path):
    save_states(tmp_path, 1, 2)
    newest = state_files(tmp_path)[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    assert state_load(tmp_path)["step"] == 1


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
