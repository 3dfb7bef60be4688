"""Writes the files beside it by the trackers themselves; each needs its package.

`pip install tensorboard==2.21.0 && python write.py tensorboard`,
`pip install mlflow-skinny==3.17.2 && python write.py mlruns`.
"""

import os
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent


def tensorboard(root: Path) -> None:
    """One folder as SummaryWriter writes it, one as later versions do: scalars as tensors."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    for name in ("plain", "tensors"):
        writer = EventFileWriter(str(root / "logs" / name))
        for step in range(5):
            values = {"train/loss": 1 / (step + 1), "val/mIoU": step / 10, "nan": float("nan")}
            for tag, value in values.items():
                told = {"simple_value": value}
                if name == "tensors":
                    told = {"tensor": make_tensor_proto(value)}
                summary = Summary(value=[Summary.Value(tag=tag, **told)])
                writer.add_event(Event(wall_time=1e9 + step, step=step, summary=summary))
        picture = Summary.Image(height=1, width=1, colorspace=3, encoded_image_string=b"x" * 5000)
        writer.add_event(
            Event(wall_time=1e9, step=1, summary=Summary(value=[Summary.Value(image=picture)]))
        )
        writer.close()


def mlruns(root: Path) -> None:
    """A file store with a run that ended, one that failed, and one that was deleted."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow

    mlflow.set_tracking_uri((root / "mlruns").as_uri())
    mlflow.set_experiment("streets")
    for name in ("good", "bad", "gone"):
        with mlflow.start_run(run_name=name) as run:
            mlflow.log_params({"lr": 0.01, "arch": "unet"})
            for step in range(4):
                mlflow.log_metrics(
                    {"val/mIoU": step / 10, "loss": 1.0, "odd": float("inf")}, step=step
                )
            mlflow.log_metric("odd", float("nan"), step=9)
            mlflow.set_tag("who", "me")
        if name == "bad":
            mlflow.MlflowClient().set_terminated(run.info.run_id, "FAILED")
    mlflow.delete_run(run.info.run_id)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        {"tensorboard": tensorboard, "mlruns": mlruns}[sys.argv[1]](Path(folder))
        with zipfile.ZipFile(HERE / f"{sys.argv[1]}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file():
                    packed.write(path, path.relative_to(folder))
