"""Histories that other trackers wrote become runs: whole, once, and as they were told."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from experiments.models import Epoch, Point, Run
from experiments.runs.elsewhere import mlflow_server, tables, tensorboard
from experiments.runs.elsewhere.history import NoHistory
from experiments.runs.elsewhere.services import history_import
from segweb.jobs import State

pytestmark = pytest.mark.django_db
WRITTEN = Path(__file__).parent / "written"


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann")


def unpacked(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(WRITTEN / f"{name}.zip") as packed:
        packed.extractall(folder)
    return folder


def imported(*sources: Path | str) -> str:
    out = io.StringIO()
    call_command("import_runs", *map(str, sources), owner="ann", stdout=out, stderr=out)
    return out.getvalue()


def curve(run: Run) -> list[tuple]:
    return list(Epoch.objects.filter(run=run).values_list("number", "miou", "loss"))


def test_a_file_store_of_mlflow(ann: User, tmp_path: Path) -> None:
    root = unpacked("mlruns", tmp_path) / "mlruns"
    assert imported(root).count(": run ") == 2  # the third one was deleted
    good, bad = Run.objects.get(name="good"), Run.objects.get(name="bad")
    assert (good.state, bad.state) == (State.DONE, State.FAILED)
    assert (good.owner, good.architecture, good.config["lr"]) == (ann, "unet", 0.01)
    assert (str(good.experiment), good.tags, good.environment["tags"]["who"]) == (
        "streets",
        ["streets"],
        "me",
    )
    assert curve(good) == [(1, 0.0, 1.0), (2, 0.1, 1.0), (3, 0.2, 1.0), (4, 0.3, 1.0)]
    odd = list(Point.objects.filter(series__run=good, series__name="odd").values_list("value"))
    assert odd == [(1.7976931348623157e308,)] * 4 + [(None,)]
    assert good.started_at < good.ended_at
    assert imported(root).count("there already") == 2
    assert Run.objects.count() == 2


def test_event_files_of_tensorboard(ann: User, tmp_path: Path) -> None:
    root = unpacked("tensorboard", tmp_path) / "logs"
    assert imported(root).count(": run ") == 2
    plain, tensors = Run.objects.get(name="logs/plain"), Run.objects.get(name="logs/tensors")
    for run in (plain, tensors):
        miou = [pytest.approx(step / 10) for step in range(5)]
        loss = [pytest.approx(1 / (step + 1)) for step in range(5)]
        assert curve(run) == list(zip(range(1, 6), miou, loss, strict=True))
        assert Point.objects.filter(series__run=run, series__name="nan", value=None).count() == 5
    assert plain.started_at.timestamp() == 1e9
    assert imported(root).count("there already") == 2


def test_a_training_that_was_killed_left_what_it_had_written(tmp_path: Path) -> None:
    (file,) = (unpacked("tensorboard", tmp_path) / "logs" / "plain").iterdir()
    whole, content = len(list(tensorboard.scalars(file))), file.read_bytes()
    assert whole == 15
    for size in range(0, len(content), 97):
        file.write_bytes(content[:size])
        assert len(list(tensorboard.scalars(file))) <= whole


def test_what_is_no_event_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    file.write_bytes(b"\xff" * 100)
    with pytest.raises(NoHistory, match="damaged"):
        list(tensorboard.histories(tmp_path))
    with pytest.raises(NoHistory, match="no event files"):
        list(tensorboard.histories(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("epoch,val_miou,lr\n1,0.5,0.1\n2,0.6,0.1\n", [1, 2]),
        # As Lightning's CSVLogger writes it: gaps, and an epoch beside the step.
        ("epoch,step,train_loss,val_miou\n0,9,0.3,\n0,9,,0.5\n1,19,,0.6\n", [9, 19]),
        ("\ufeffval_miou,note\n0.5,well\n0.6,\n", [1, 2]),  # of a spreadsheet, without any step
    ],
)
def test_tables(ann: User, tmp_path: Path, text: str, steps: list[int]) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text(text)
    assert "metrics: run " in imported(file)
    run = Run.objects.get(name="metrics")
    assert list(run.epoch_rows.values_list("step", "miou")) == list(
        zip(steps, (0.5, 0.6), strict=True)
    )


@pytest.mark.parametrize("text", ["", "a,b\nx,y\n", "step,a\n1.5,2\n", "step,a\nx,2\n", "\0"])
def test_a_table_without_figures_says_what_it_lacks(tmp_path: Path, text: str) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text(text)
    with pytest.raises(NoHistory, match=r"metrics\.csv"):
        list(tables.histories(file))


def test_what_cannot_be_kept_leaves_nothing_and_the_others_are_imported(
    ann: User, tmp_path: Path
) -> None:
    (tmp_path / "good.csv").write_text("step,m\n1,2\n")
    (tmp_path / "bad.csv").write_text(f"step,{'x' * 300},m\n1,2,3\n")
    with pytest.raises(CommandError, match="1 could not be imported"):
        imported(tmp_path / "bad.csv", tmp_path / "good.csv")
    assert [run.name for run in Run.objects.all()] == ["good"]
    with pytest.raises(CommandError, match="no account"):
        call_command("import_runs", "x", owner="nobody")


def test_a_server_that_does_not_answer_is_told(free_port: int) -> None:
    with pytest.raises(NoHistory, match="does not answer"):
        list(mlflow_server.histories(f"http://127.0.0.1:{free_port}"))


def test_each_account_has_its_own(ann: User, tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text("step,m\n1,2\n")
    (history,) = tables.histories(file)
    first = history_import(owner=ann, history=history)
    assert history_import(owner=ann, history=history) is None
    bob = User.objects.create_user("bob")
    assert history_import(owner=bob, history=history) not in (None, first)
