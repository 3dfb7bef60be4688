"""A web server whose disk fills up, for real: a small file system of its own."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from segweb.host import processes
from tests.inference.pictures import encoded, noise, upload
from tests.real.training import TOKEN, data_set_zip
from tests.stack import Stack, stack_up, tiny_checkpoint
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MOUNT = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'


class SmallDisk(Stack):
    """A stack whose web server keeps its files on 16 MiB that only it sees."""

    def __init__(self, var: Path, **settings: str) -> None:
        super().__init__(var, **settings)
        self.media = var / "media"
        self.media.mkdir()
        web = processes.web(bind=f"127.0.0.1:{self.port}", threads=8)
        small = ("unshare", "-rm", "sh", "-c", MOUNT, str(self.media), *web.command)
        self.commands["web"] = lambda: replace(web, command=small)

    @property
    def disk(self) -> Path:
        """The same folder, as the web server sees it."""
        return Path(f"/proc/{self.running['web'].pid}/root{self.media}")

    def files(self) -> set[str]:
        """What lies on it."""
        return {str(path.relative_to(self.disk)) for path in self.disk.rglob("*")} - {"filler"}

    def fill(self) -> None:
        """Until nothing more fits."""
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    tried = subprocess.run(
        ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=1m tmpfs "$0"', str(tmp_path)],
        capture_output=True,
    )
    if tried.returncode:
        pytest.skip("this machine mounts no file system for us")
    weights = tiny_checkpoint(tmp_path, "unet")
    stack = stack_up(tmp_path / "var", weights, kind=SmallDisk)
    yield stack
    stack.stop()


def sent(stack: Stack, path: str, form: dict[str, Any], **headers: str) -> tuple[int, str]:
    body = encode_multipart(BOUNDARY, form)
    status, answer, _ = stack.call(path, body, Content_Type=MULTIPART_CONTENT, **headers)
    return status, answer.decode()


def requests(stack: Stack, token: str) -> dict[str, tuple[int, str]]:
    """Everything that stores files, by what it is."""
    photo = encoded(noise(300, 200))
    images = io.BytesIO()
    with zipfile.ZipFile(images, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", photo)
    data = SimpleUploadedFile("data.zip", data_set_zip("streets"))
    staff = {"Authorization": f"Token {token}"}
    batch = {"files": upload(images.getvalue(), "set.zip"), "models": ["camvid-unet-slim"]}
    return {
        "upload": sent(stack, "images/", {"file": upload(photo)}),
        "batch": sent(stack, "batches/", batch),
        "import": sent(stack, "datasets/", {"file": data}, **staff),
    }


def test_a_full_disk_is_told_leaves_nothing_and_mends_itself(small_disk: SmallDisk) -> None:
    stack = small_disk
    token = stack.python("-c", TOKEN).strip()
    image = stack.image_post()[1]["id"]
    before = stack.files()
    stack.fill()
    for what, (status, answer) in requests(stack, token).items():
        assert status == 507, (what, status, answer)
        assert "disk is full" in answer, what
        assert str(stack.var) not in answer, what
        assert json.loads(answer)["title"] == "Insufficient Storage"
    # Looking is no writing: a thumbnail that cannot be kept is shown all the same.
    status, thumbnail, _ = stack.call(f"{stack.url}/images/{image}/thumbnail/")
    assert (status, Image.open(io.BytesIO(thumbnail)).format) == (200, "JPEG")
    # Folders alone may be there: who fills them next finds them.
    files = {name for name in stack.files() if not (stack.disk / name).is_dir()}
    assert files <= before
    (stack.disk / "filler").unlink()
    for what, (status, answer) in requests(stack, token).items():
        assert status in (201, 202), (what, status, answer)
    again = stack.call(f"{stack.url}/images/{image}/thumbnail/")[1]
    assert again == thumbnail
    wait_until(lambda: any(name.startswith(f"images/{image}/thumbnail") for name in stack.files()))
    assert stack.disk.stat().st_dev != stack.var.stat().st_dev
