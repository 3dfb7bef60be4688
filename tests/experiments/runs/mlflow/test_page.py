"""What a script brought, on the page of its run: series by step, pictures by step, files."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Run
from tests.experiments.runs.mlflow.asking import Caller

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def ann() -> Caller:
    return Caller()


@pytest.fixture
def browser(ann: Caller) -> Client:
    client = Client()
    client.force_login(ann.user)
    return client


def put(ann: Caller, run: str, *paths: str) -> None:
    for path in paths:
        address = f"mlflow-artifacts/artifacts/0/{run}/artifacts/{path}"
        assert ann.ask("PUT", address, PNG)[0] == 200


def test_what_no_curve_shows_whole_is_drawn_by_step(ann: Caller, browser: Client) -> None:
    run = ann.begin()
    for step in range(3):
        ann.log(run, {"val/mIoU": step / 10, "loss": 3 - step, "gpu": "NaN"}, step=step)
    series = reverse("experiments:series", args=[run])
    told = browser.get(series).json()
    assert told == {
        "series": [{"name": "gpu", "points": 3}, {"name": "loss", "points": 3}],
        "over": False,
    }
    assert browser.get(series, {"name": "loss"}).json() == {"x": [0, 1, 2], "y": [3, 2, 1]}
    assert browser.get(series, {"name": "gpu"}).json()["y"] == [None] * 3
    assert browser.get(series, {"name": "no"}).json() == {"x": [], "y": []}
    curves = browser.get(reverse("experiments:curves", args=[run])).json()["rows"]
    assert [(row["epoch"], row["miou"]) for row in curves] == [(1, 0.0), (2, 0.1), (3, 0.2)]
    assert browser.get(reverse("experiments:run", args=[run])).status_code == 200


def test_a_series_of_any_length_is_few_points(ann: Caller, browser: Client) -> None:
    run = ann.begin()
    for start in (0, 1000, 2000):
        rows = [{"key": "m", "value": s, "step": start + s} for s in range(1000)]
        ann.post("runs/log-batch", run_id=run, metrics=rows)
    told = browser.get(reverse("experiments:series", args=[run]), {"name": "m"}).json()
    assert len(told["x"]) <= 502
    assert (told["x"][0], told["x"][-1]) == (0, 2999)


def test_pictures_are_by_step_and_other_files_are_downloads(ann: Caller, browser: Client) -> None:
    run = ann.begin(tags=[{"key": "mlflow.source.name", "value": "train.py"}])
    logged = "images/val%23one{0}step{0}{1}{0}timestamp{0}5{0}ab-c{2}"
    new, old = logged.format("+", 10, ".png"), logged.format("%25", 9, ".png")
    put(ann, run, new, old, logged.format("+", 10, "+compressed.webp"))
    put(ann, run, "figures/confusion_3.png", "plain.png", "page.html", "b/model.pt")
    page = browser.get(reverse("experiments:run", args=[run])).content.decode()
    assert page.index("Step 9") < page.index("Step 10")
    assert ">val/one<" in page
    assert ">figures/confusion<" in page
    assert ">plain.png<" in page
    assert "compressed" not in page
    assert "train.py" in page
    for name, shown in (("plain.png", True), ("page.html", False), ("b/model.pt", False)):
        answer = browser.get(reverse("experiments:artifact", args=[run, name]))
        assert b"".join(answer) == PNG
        assert ("attachment" not in answer["Content-Disposition"]) is shown
        kind = "image/png" if shown else "application/octet-stream"
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (kind, "nosniff")
    assert browser.get(reverse("experiments:artifact", args=[run, "no"])).status_code == 404


def test_a_run_without_anything_told_has_its_page_and_its_row(ann: Caller, browser: Client) -> None:
    run = Run.objects.get(pk=ann.begin())
    for address in (f"/runs/{run.pk}/", "/runs/", f"/runs/compare/?run={run.pk}", "/leaderboard/"):
        assert browser.get(address).status_code == 200, address
    assert browser.get("/runs/").content.decode().count(str(run)) >= 1
