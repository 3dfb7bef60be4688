"""What happens to data sets, checkpoints and runs; the only writers of their state."""

from experiments.services.checkpoints import (
    CheckpointDamaged,
    Synced,
    checkpoint_import,
    checkpoint_restore,
    checkpoint_withdraw,
    dataset_ensure,
    evaluation_record,
    protocol_hash,
    zoo_sync,
)
from experiments.services.datasets import dataset_import
from experiments.services.epochs import epoch_record, epoch_report
from experiments.services.files import folder_bytes, folder_delete, log_tail
from experiments.services.histories import run_import
from experiments.services.preflights import preflight_execute, preflight_request
from experiments.services.published import published_sync
from experiments.services.publishing import Pruned, checkpoint_publish, checkpoints_prune
from experiments.services.runs import (
    external_run_create,
    request_check,
    run_annotate,
    run_clone,
    run_delete,
    run_launch,
    run_request,
    run_resume,
    run_stop,
    runs_launch_group,
)

__all__ = [
    "CheckpointDamaged",
    "Pruned",
    "Synced",
    "checkpoint_import",
    "checkpoint_publish",
    "checkpoint_restore",
    "checkpoint_withdraw",
    "checkpoints_prune",
    "dataset_ensure",
    "dataset_import",
    "epoch_record",
    "epoch_report",
    "evaluation_record",
    "external_run_create",
    "folder_bytes",
    "folder_delete",
    "log_tail",
    "preflight_execute",
    "preflight_request",
    "protocol_hash",
    "published_sync",
    "request_check",
    "run_annotate",
    "run_clone",
    "run_delete",
    "run_import",
    "run_launch",
    "run_request",
    "run_resume",
    "run_stop",
    "runs_launch_group",
    "zoo_sync",
]
