"""torchvision's networks on the compare page: on offer first, fetched when they are first used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from django.core.management import call_command
from django.test import Client

from experiments.checkpoints.published import published_sync
from experiments.checkpoints.services import checkpoint_withdraw
from experiments.models import Checkpoint
from inference.compare import predicting
from inference.compare.panes import pane_of
from inference.comparisons import comparison_create
from inference.models import Image, Prediction
from inference.worker import order, warm
from inference.worker.weights import NO_WEIGHTS
from models_zoo import build, fetch
from models_zoo.checkpoints.published import published_keys
from models_zoo.networks import pretrained
from segweb.jobs import State

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "cocovoc-torchvision_lraspp_mobilenet-full"
FILE = "lraspp_mobilenet_v3_large.pth"


class Quiet(SimpleHTTPRequestHandler):
    """A folder of files, without a word on stderr."""

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A server of weights on this machine, and an empty cache for what comes from it."""
    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/{FILE}"
    monkeypatch.setattr(pretrained, "_torchvision_file", lambda _: pretrained.File(FILE, address))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(fetch, "REPORT_SECONDS", 0)
    monkeypatch.delenv("SEGWEB_WEIGHTS", raising=False)
    torch.manual_seed(0)
    torch.save(build("torchvision_lraspp_mobilenet").state_dict(), served / FILE)
    warm.engine.cache_clear()
    yield server
    server.shutdown()
    server.server_close()
    warm.engine.cache_clear()


@pytest.fixture
def prediction(image: Image) -> Prediction:
    published_sync()
    return comparison_create(image=image, models=[KEY]).predictions.get()


def run(prediction: Prediction) -> Prediction:
    order.next_execute()
    return Prediction.objects.get(pk=prediction.pk)


def test_they_are_on_offer_without_a_file_and_only_once() -> None:
    assert set(published_sync()) == set(published_keys())
    assert published_sync() == []
    offered = Checkpoint.objects.offered().get(key=KEY)
    assert not offered.file
    assert offered.parameters == 3_221_538
    assert len(offered.classes) == 21


@pytest.mark.slow
def test_a_withdrawn_one_stays_withdrawn() -> None:
    published_sync()
    checkpoint_withdraw(checkpoint=Checkpoint.objects.get(key=KEY))
    call_command("sync_zoo")
    assert not Checkpoint.objects.get(key=KEY).offered


def test_pages_and_api_offer_them_with_what_they_cost(client: Client) -> None:
    published_sync()
    for address in ("/", "/models/"):
        assert "downloads 12 MB at first use" in client.get(address).content.decode()
    costs = {e["key"]: e["download_mb"] for e in client.get("/api/v1/models/").json()}
    assert set(published_keys()) == set(costs)
    assert costs[KEY] == 12


@pytest.mark.slow
def test_the_first_use_fetches_and_tells_how_far_it_is(
    prediction: Prediction, hub: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    looks: set[str] = set()

    def watched(**arguments: object) -> object:
        progress = arguments["progress"]

        def tell(share: float) -> None:
            progress(share)
            row = Prediction.objects.get(pk=prediction.pk)
            seen.append(row.download)
            looks.add(pane_of(row, 1).look)
            assert row.downloading == (share < 1)

        return weights(**{**arguments, "progress": tell})

    weights = predicting.checkpoint_weights
    monkeypatch.setattr(predicting, "checkpoint_weights", watched)
    done = run(prediction)
    assert (done.state, done.error) == (State.DONE, "")
    assert len(seen) > 5
    assert len(looks) > 5, "the pane is drawn again"
    assert seen[-1] == 1
    with done.mask.open() as mask:
        assert mask.read(4) == b"\x89PNG"


@pytest.mark.slow
def test_the_second_use_needs_no_network(prediction: Prediction, hub: ThreadingHTTPServer) -> None:
    assert run(prediction).state == State.DONE
    hub.shutdown()
    hub.server_close()
    warm.engine.cache_clear()
    image = prediction.comparison.image
    again = comparison_create(image=image, models=[KEY]).predictions.get()
    assert run(again).state == State.DONE


@pytest.mark.slow
def test_without_network_the_pane_says_so(
    prediction: Prediction, hub: ThreadingHTTPServer, client: Client
) -> None:
    hub.shutdown()
    hub.server_close()
    failed = run(prediction)
    assert (failed.state, failed.error) == (State.FAILED, NO_WEIGHTS)
    page = client.get(f"/c/{prediction.comparison_id}/").content.decode()
    assert "Is there a network?" in page


def test_the_pane_shows_the_share(prediction: Prediction, client: Client) -> None:
    Prediction.objects.filter(pk=prediction.pk).update(state=State.RUNNING, download=0.42)
    page = client.get(f"/c/{prediction.comparison_id}/").content.decode()
    assert "Downloading the weights, 42 %" in page
    assert 'value="0.42"' in page
