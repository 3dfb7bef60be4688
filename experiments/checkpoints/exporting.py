"""What a worker does for an export: models_zoo writes and compares it, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from django.core.files import File
from django.core.files.storage import default_storage

from experiments.checkpoints.importing import models_zoo_told
from experiments.models import NetworkExport
from models_zoo.exchange.forms import ENDINGS
from segweb.host.artefacts import local_path
from segweb.jobs import Lease

EXPORT_SECONDS = 1800


def carry_out(row: NetworkExport, lease: Lease) -> dict[str, Any]:
    """The fields that an export gains by being carried out. ValidationError says what is wrong."""
    checkpoint = row.checkpoint
    with TemporaryDirectory() as place:
        folder = Path(place)
        weights = folder / f"{checkpoint.key}{Path(str(checkpoint.file)).suffix}"
        weights.symlink_to(local_path(str(checkpoint.file)))
        weights.with_suffix(".json").write_text(json.dumps(checkpoint.sidecar), encoding="utf-8")
        out = folder / "out" / f"{checkpoint.key}{ENDINGS[row.form]}"
        words = ["export", f"--checkpoint={weights}", f"--format={row.form}", f"--out={out}"]
        told = models_zoo_told(words, EXPORT_SECONDS, folder)
        made = sorted(out.parent.iterdir())
        if len(made) > 1:
            out = folder / row.download_name
            with ZipFile(out, "w") as archive:
                for path in made:
                    archive.write(path, path.name)
        with out.open("rb") as file:
            # By token: two attempts never write the same file.
            name = f"{row.folder}/{lease.token}{out.suffix}"
            stored = default_storage.save(name, File(file))
    return {"file": stored, "size": told["size"], "alike": told["alike"]}
