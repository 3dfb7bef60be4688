"""docs/networks.md, followed: another library's network goes from its own Python to a mask here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Picture
from rest_framework.test import APIClient

from experiments.models import Checkpoint, NetworkImport
from inference.models import InferenceJob, Prediction
from inference.worker import warm
from models_zoo.data.classes import VOC, VOC_VOID
from models_zoo.fence import Misbehaved
from models_zoo.predict.engine import Engine
from segweb.env import BASE_DIR
from segweb.http.tokens import token_make
from segweb.jobs import job_execute
from tests.experiments.factories import dataset_make
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db

GUIDE = (BASE_DIR / "docs" / "networks.md").read_text()


@pytest.fixture
def staff(db: None) -> APIClient:
    """Who sends what the guide sends, the token too."""
    token = token_make(user=User.objects.create_superuser("staff", password="x"), name="guide")
    (said,) = set(re.findall(r'curl -H "Authorization: (.+?)"', GUIDE))
    return APIClient(headers={"Authorization": said.replace("$TOKEN", token)})


@pytest.mark.slow
def test_a_network_of_another_library_gives_a_mask(
    staff: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "engine", lambda: Engine(1 << 30, precision="fp32"))
    dataset_make(slug="cocovoc", classes=VOC, ignore_index=VOC_VOID)
    code = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[0].replace("\n   ", "\n")
    # Nothing is downloaded: weights by chance do.
    nothing = "weights=None, weights_backbone=None, num_classes=21"
    code = code.strip().replace('weights="DEFAULT"', nothing)
    # What torchvision's import lacks beside a CPU build of torch.
    code = f"import models_zoo.torchvision_ops\n{code}"
    own = os.environ | {"PYTHONPATH": str(BASE_DIR)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=own, check=True)
    curl = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)[0].replace("\\\n", " ")
    words = shlex.split(curl)
    fields: dict[str, Any] = dict(
        field.split("=", 1) for flag, field in pairwise(words) if flag == "-F"
    )
    file = fields["file"].removeprefix("@")
    fields["file"] = SimpleUploadedFile(file, (tmp_path / file).read_bytes())
    address = words[-1].removeprefix("$HOST")
    queued = staff.post(address, fields, format="multipart").json()
    job_execute(model=NetworkImport, pk=queued["id"], device="test")
    told = staff.get(queued["url"]).json()
    assert told["error"] is None
    assert f"?model={told['key']}`" in GUIDE
    assert Checkpoint.objects.get().sidecar["onnx"]["size"] is None  # any size

    image = staff.post("/api/v1/images/", {"file": upload(noise(70, 50))}).json()
    asked = {"image": image["id"], "models": [told["key"]]}
    comparison = staff.post("/api/v1/comparisons/", asked, format="json").json()
    prediction = Prediction.objects.get()
    job_execute(model=Prediction, pk=prediction.pk, device="cpu")
    prediction.refresh_from_db()
    assert (prediction.error, prediction.runtime) == ("", "onnxruntime")
    mask = staff.get(staff.get(comparison["url"]).json()["predictions"][0]["mask_url"])
    ids = np.asarray(Picture.open(SimpleUploadedFile("m.png", b"".join(mask))))
    assert ids.shape == (50, 70)
    assert ids.max() < 21
    # Its layers are unknown: the panel is told so in place of a strip and a field.
    refused = staff.post(f"/api/v1/predictions/{prediction.pk}/insides/", {}, format="json")
    assert refused.status_code == 400
    assert "came from elsewhere as a graph" in str(refused.json())


def test_what_a_network_from_elsewhere_did_is_told_to_its_user() -> None:
    sentence = "x: it takes more than 120 seconds to allocate nothing."
    assert InferenceJob.fault_sentence(Misbehaved(sentence)) == sentence
