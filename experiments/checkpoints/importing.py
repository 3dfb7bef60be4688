"""What a worker does for a network from elsewhere: models_zoo looks at it, in processes of its own.

They may die of what they are given; the worker is there for the next job.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from experiments.models import Checkpoint, NetworkImport
from experiments.records.checkpoints import checkpoint_import
from experiments.records.sources import data_open, data_resolve, places_hidden
from experiments.worker.trainer import LEASH
from models_zoo.training.record.failures import MISFIT_CODE
from segweb.env import BASE_DIR
from segweb.host.artefacts import local_path
from segweb.jobs import JobReturned, Lease, job_update, patiently

LOOK_SECONDS = 900
SCORE_SECONDS = 6 * 3600


def carry_out(row: NetworkImport, lease: Lease) -> dict[str, Any]:
    """The fields that the import of a network gains by being carried out.

    ValidationError says what is wrong with it.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        given = dict(row.options)
        if classes := given.pop("classes", ""):
            # A file and no argument: nobody's text names a file of this host.
            (folder / "classes.json").write_text(classes, encoding="utf-8")
            given["classes"] = str(folder / "classes.json")
        words = [f"--{name.replace('_', '-')}={text}" for name, text in given.items() if text]
        network = local_path(str(row.network))
        out = f"--out={folder / 'kept'}"
        told = models_zoo_told(["import", f"--onnx={network}", out, *words], LOOK_SECONDS, folder)
        weights, sidecar = Path(told["file"]), told["sidecar"]
        scores = [_scored(weights, row.data, folder)] if row.data else []
        picture = weights.with_suffix(".png").read_bytes()
        checkpoint = patiently(lambda: _keep(sidecar, weights, scores, lease))
    # By token: two attempts never write the same file.
    name = f"{row.folder}/{lease.token}.png"
    shown = default_storage.save(name, ContentFile(picture))
    return {"checkpoint": checkpoint, "picture": shown, "seen": told["seen"]}


def models_zoo_told(words: list[str], seconds: float, folder: Path) -> dict[str, Any]:
    """What models_zoo's command says; ValidationError with its sentence where something misfits."""
    leash = [sys.executable, "-I", str(LEASH), str(os.getpid())]
    command = [sys.executable, "-m", "models_zoo", *words, "--json"]
    try:
        told = subprocess.run(
            [*leash, *command],
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as fault:
        raise ValidationError(_("The check took too long.")) from fault
    if told.returncode == MISFIT_CODE:
        sentence = told.stderr.strip().splitlines()[-1].removeprefix("models_zoo: ")
        raise ValidationError(places_hidden(sentence.replace(f"{folder}/", "")))
    if told.returncode:
        raise RuntimeError(told.stderr)
    result: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return result


def _scored(weights: Path, data: str, folder: Path) -> dict[str, Any]:
    """What the network scores on these images, in fp32: on test where there is one, else on val."""
    try:
        split = data_open(data, "test").split
    except ValidationError:
        split = "val"
    counts = folder / "evaluation.json"
    words = ["evaluate", f"--checkpoint={weights}", f"--data={data_resolve(data)}"]
    models_zoo_told([*words, f"--split={split}", f"--out={counts}"], SCORE_SECONDS, folder)
    scores: dict[str, Any] = json.loads(counts.read_text(encoding="utf-8"))
    scores.pop("key")
    return scores


def _keep(
    sidecar: dict[str, Any], weights: Path, scores: list[dict[str, Any]], lease: Lease
) -> Checkpoint:
    with transaction.atomic():
        # Fenced by the first write: whoever took the job over does the rest.
        if not job_update(lease=lease, error=""):
            raise JobReturned(tried=False)
        former = Checkpoint.objects.filter(key=sidecar["key"], superseded_at=None).first()
        if former and not former.imported:
            text = _("There is another model of the key %(key)s. Give this one another name.")
            raise ValidationError(text % {"key": former.key})
        return checkpoint_import(sidecar=sidecar, weights=weights, shipped=False, scores=scores)
