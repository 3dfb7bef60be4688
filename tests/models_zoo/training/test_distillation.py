"""Learning from a teacher: what is added to the loss, and a run that is taught and resumes."""

import json

import pytest
import torch
from torch.nn.functional import kl_div

from models_zoo import build
from models_zoo.checkpoints.files import sidecar_save
from models_zoo.data.transforms import IGNORED
from models_zoo.training.distillation import Distillation, divergence
from models_zoo.training.optimisation import Optimisation
from models_zoo.training.record.failures import Stopped
from models_zoo.training.run import train
from tests.models_zoo.fixtures import draw_folder, tiny_catalogue, tiny_config


@pytest.fixture(scope="module", autouse=True)
def _catalogue():
    with tiny_catalogue():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("data") / "streets", train=6, val=3)


@pytest.fixture(scope="module")
def teacher(data, tmp_path_factory):
    """The weights file of a network that has learned the data."""
    out = tmp_path_factory.mktemp("runs") / "teacher"
    train(tiny_config(data, epochs=3), out)
    return out / "best.safetensors"


def logits(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_divergence_is_torchs_over_cells_of_four_pixels():
    student, taught = logits(0, 2, 3, 8, 12), logits(1, 2, 3, 8, 12)
    cells = [torch.nn.functional.avg_pool2d(x, 4).log_softmax(dim=1) for x in (student, taught)]
    wanted = kl_div(*cells, reduction="sum", log_target=True) / (2 * 2 * 3)
    found = divergence(student, taught, torch.zeros(2, 8, 12, dtype=torch.int64))
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert divergence(taught, taught, torch.zeros(2, 8, 12, dtype=torch.int64)).item() == 0


def test_what_is_ignored_teaches_nothing():
    student, taught = logits(0, 1, 3, 8, 8).requires_grad_(), logits(1, 1, 3, 8, 8)
    mask = torch.zeros(1, 8, 8, dtype=torch.int64)
    mask[..., 4:] = IGNORED
    divergence(student, taught, mask).backward()
    assert student.grad[..., :4].abs().min() > 0
    assert student.grad[..., 4:].abs().max() == 0
    assert divergence(student, taught, torch.full_like(mask, IGNORED)).item() == 0


def test_odd_sizes_have_smaller_cells_at_the_border():
    mask = torch.zeros(1, 9, 7, dtype=torch.int64)
    assert torch.isfinite(divergence(logits(0, 1, 3, 9, 7), logits(1, 1, 3, 9, 7), mask))


def test_half_the_loss_is_the_truths():
    network = torch.nn.Conv2d(3, 3, 1)
    distillation = Distillation(network, precision="fp32", device="cpu")
    image, mask = logits(0, 1, 3, 8, 8), torch.zeros(1, 8, 8, dtype=torch.int64)
    loss = distillation(torch.tensor(2.0), network(image), image, mask)
    assert loss.item() == pytest.approx(1.0)
    assert network.weight.grad is None


@pytest.mark.slow
def test_a_taught_run_resumes_to_the_same_end_and_says_who_taught(
    teacher, data, tmp_path, monkeypatch
):
    config = tiny_config(data, teacher=str(teacher))
    whole = train(config, tmp_path / "whole")
    untaught = train(tiny_config(data), tmp_path / "untaught")
    assert whole["sha256"] != untaught["sha256"]
    known = json.loads(teacher.with_suffix(".json").read_text())
    assert whole["teacher"] == {"key": known["key"], "sha256": known["sha256"]}
    assert whole["training"]["teacher"] == "TEACHER.safetensors"
    assert "--set teacher=TEACHER.safetensors" in whole["command"]
    original, steps = Optimisation.step, []

    def step(self, *args, **kwargs):
        steps.append(1)
        return original(self, *args, **kwargs | {"stop": len(steps) == 2})

    with monkeypatch.context() as patch:
        patch.setattr(Optimisation, "step", step)
        with pytest.raises(Stopped):
            train(config, tmp_path / "stopped")
    again = train(config, tmp_path / "stopped", resume=True)
    assert again["sha256"] == whole["sha256"]


def test_another_teacher_does_not_resume(teacher, data, tmp_path):
    train(tiny_config(data, teacher=str(teacher)), tmp_path)
    with pytest.raises(ValueError, match="or the teacher"):
        train(tiny_config(data), tmp_path, resume=True)


def test_a_teacher_of_other_classes_is_refused(teacher, data, tmp_path):
    other = draw_folder(tmp_path / "data", train=2, val=2)
    description = json.loads((tmp_path / "data" / "classes.json").read_text())
    (tmp_path / "data" / "classes.json").write_text(
        json.dumps(description | {"classes": ["sky", "road", "lorry"]})
    )
    with pytest.raises(ValueError, match="other classes"):
        train(tiny_config(other, teacher=str(teacher)), tmp_path / "run")


def test_a_teacher_of_another_input_is_refused(teacher, data, tmp_path):
    (tmp_path / "other.safetensors").write_bytes(teacher.read_bytes())
    known = json.loads(teacher.with_suffix(".json").read_text())
    sidecar_save(tmp_path / "other.safetensors", known | {"std": [1.0, 1.0, 1.0]})
    taught = tiny_config(data, teacher=str(tmp_path / "other.safetensors"))
    with pytest.raises(ValueError, match="normalised otherwise"):
        train(taught, tmp_path / "run")


def test_the_projects_teacher_keeps_the_size_of_any_image():
    network = build("fpn_vgg16", variant="slim", num_classes=5).train()
    assert network(torch.zeros(1, 3, 33, 50)).shape == (1, 5, 33, 50)
    with torch.device("meta"):
        full = build("fpn_vgg16", num_classes=11)
    assert sum(parameter.numel() for parameter in full.parameters()) == 15_537_355
