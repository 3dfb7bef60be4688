"""Weights in 8 bits a value: what comes back, what is refused, and what is read as before."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models_zoo import build
from models_zoo.checkpoints.eight_bits import FORM, SCALE, packed, unpacked
from models_zoo.checkpoints.files import weights_load, weights_save, weights_shrink


def network() -> torch.nn.Module:
    return build("unet", variant="slim", num_classes=3)


@pytest.fixture
def small(tmp_path):
    """A network's file in 8 bits; the same as it was saved lies beside it as saved.safetensors."""
    weights_save(tmp_path / "saved.safetensors", network())
    weights_shrink(tmp_path / "saved.safetensors", tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


def test_every_value_comes_back_within_half_a_step_of_its_channel(small):
    loaded = network()
    weights_load(small, loaded)
    saved = load_file(small.with_name("saved.safetensors"))
    for name, tensor in loaded.state_dict().items():
        wanted = saved[name].float()
        if wanted.dim() < 2:
            assert torch.equal(tensor.float(), wanted), name
        else:
            step = wanted.flatten(1).abs().amax(1) / 127
            off = (tensor - wanted).flatten(1).abs().amax(1)
            assert (off <= step / 2 * 1.001).all(), name


def test_it_takes_about_half_the_bytes_and_its_sha256_is_the_files(small, tmp_path):
    saved = tmp_path / "saved.safetensors"
    assert small.stat().st_size < 0.55 * saved.stat().st_size
    digest = weights_shrink(saved, tmp_path / "again.safetensors")
    assert digest == hashlib.sha256(small.read_bytes()).hexdigest()
    weights_load(small, network(), sha256=digest)


def test_a_channel_of_zeros_stays_zero():
    kernel = torch.zeros(2, 3, 1, 1)
    kernel[1] = 0.5
    tensors = packed({"kernel": kernel})
    restored = unpacked(Path("kernel.safetensors"), tensors, FORM)
    assert torch.equal(restored["kernel"], kernel)


def test_a_file_may_hold_kernels_in_8_bits_beside_others(small):
    tensors, saved = load_file(small), load_file(small.with_name("saved.safetensors"))
    del tensors["score.weight" + SCALE]
    tensors["score.weight"] = saved["score.weight"]
    save_file(tensors, small, metadata=FORM)
    loaded = network()
    weights_load(small, loaded)
    assert torch.equal(loaded.score.weight, saved["score.weight"].float())


@pytest.mark.parametrize(
    ("change", "metadata", "sentence"),
    [
        (lambda t: None, {"storage": "4 bits"}, "a form that is not known here: 4 bits"),
        (lambda t: t.pop("score.weight:scale"), FORM, "score.weight is in 8 bits and has no scale"),
        (lambda t: t.pop("score.weight"), FORM, "score.weight:scale fits no kernel"),
        (
            lambda t: t.update({"score.weight:scale": torch.ones(1)}),
            FORM,
            "score.weight:scale fits no kernel",
        ),
        (
            lambda t: t["score.weight:scale"].fill_(float("nan")),
            FORM,
            "score.weight holds values that are not finite",
        ),
        (lambda t: None, None, "names or shapes differ"),
    ],
    ids=["form", "no scale", "no kernel", "shape", "nan", "unmarked"],
)
def test_what_does_not_fit_is_refused_with_a_sentence(change, metadata, sentence, small):
    tensors = load_file(small)
    change(tensors)
    save_file(tensors, small, metadata=metadata)
    with pytest.raises(ValueError, match=sentence):
        weights_load(small, network())


def test_kernels_in_8_bits_are_not_read_as_they_are_for_want_of_metadata(small):
    tensors = {n: t for n, t in load_file(small).items() if not n.endswith(SCALE)}
    save_file(tensors, small)
    with pytest.raises(ValueError, match="holds whole numbers"):
        weights_load(small, network())


def test_metadata_may_be_null(tmp_path):
    path, loaded = tmp_path / "weights.safetensors", network()
    weights_save(path, loaded)
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps({**json.loads(data[8:end]), "__metadata__": None}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])
    weights_load(path, loaded)
