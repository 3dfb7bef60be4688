"""Runs by REST: who may do what, what is refused, and what an external run reports."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Confusion, Epoch, Run
from experiments.records.epochs import RunGone, epoch_report
from models_zoo.checkpoints.shipped import shipped
from segweb.http.problems import KINDS
from segweb.jobs import State, wakeups
from tests.experiments.factories import dataset_make, run_make

pytestmark = pytest.mark.django_db

RUNS = "/api/v1/runs/"
NEW = {"architecture": "unet", "dataset": "scenes", "epochs": 2}
EXTERNAL = {"kind": "external", "architecture": "mine", "epochs": 3}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "send", lambda model, pk: True)


def client(user: User | None = None) -> APIClient:
    api = APIClient()
    if user:
        api.force_authenticate(user)
    return api


@pytest.fixture
def staff(db: None) -> APIClient:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    return client(user)


@pytest.fixture
def someone(db: None) -> APIClient:
    return client(User.objects.create_user("someone"))


@pytest.fixture
def other(db: None) -> APIClient:
    return client(User.objects.create_user("other"))


def post(api: APIClient, path: str, data: Any = None, **headers: str) -> Any:
    return api.post(path, data or {}, format="json", headers=headers)


def test_staff_launches_and_everyone_signed_in_reads(staff: APIClient, someone: APIClient) -> None:
    answer = post(staff, RUNS, {**NEW, "variant": "slim", "seed": 3, "lr": 0.01, "batch": 4})
    assert answer.status_code == 201
    run = answer.json()
    assert (run["state"], run["dataset"], run["seed"], run["owner"]) == (
        "QUEUED",
        "scenes",
        3,
        "staff",
    )
    assert (run["config"]["lr"], run["config"]["batch"]) == (0.01, 4)
    assert someone.get(run["url"]).json() == run
    assert someone.get(RUNS).json()["results"][0]["id"] == run["id"]


def test_visitors_read_only_where_a_setting_says_so(settings: Settings) -> None:
    run = run_make()
    for path in (RUNS, f"{RUNS}{run.pk}/", f"{RUNS}{run.pk}/epochs/"):
        assert client().get(path).status_code in (401, 403)
    settings.PUBLIC_RUNS = True
    for path in (RUNS, f"{RUNS}{run.pk}/", f"{RUNS}{run.pk}/epochs/"):
        assert client().get(path).status_code == 200
    assert post(client(), RUNS, EXTERNAL).status_code in (401, 403)


def test_launching_needs_the_permission(someone: APIClient) -> None:
    assert post(someone, RUNS, NEW).status_code == 403
    assert post(someone, f"{RUNS}{run_make().pk}/clone/").status_code == 403
    assert Run.objects.count() == 1


def test_what_is_not_ones_own_is_not_changed(someone: APIClient, other: APIClient) -> None:
    url = post(someone, RUNS, EXTERNAL).json()["url"]
    for action in ("stop/", "stop", "resume/", "epochs/"):
        assert post(other, url + action, {"epoch": 1, "miou": 0.5}).status_code == 403
    assert other.patch(url, {"name": "x"}, format="json").status_code == 403
    assert other.delete(url).status_code == 403
    assert someone.patch(url, {"name": "x", "state": "DONE"}, format="json").status_code == 200
    assert someone.get(url).json()["state"] == "RUNNING"
    assert someone.delete(url).status_code == 204
    assert someone.get(url).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": -1},
        {"epochs": 1e9},
        {"epochs": "NaN"},
        {"batch": 0},
        {"lr": "Infinity"},
        {"architecture": "nothing"},
        {"architecture": "un\0et"},
        {"dataset": "nothing"},
        {"dataset": "camvid:/etc"},
        {"variant": "huge"},
        {"config": {"nothing": 1}},
        {"config": "text"},
        {"tags": ["x" * 60]},
        {"seed": 2**80},
        {"kind": "shipped"},
        {"group": "no uuid"},
    ],
)
def test_a_request_that_makes_no_sense_is_a_sentence(
    staff: APIClient, changes: dict[str, Any]
) -> None:
    answer = post(staff, RUNS, NEW | changes)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert not Run.objects.exists()


def test_json_that_says_nan_is_refused(staff: APIClient) -> None:
    text = json.dumps(NEW | {"lr": float("nan")})
    answer = staff.post(RUNS, text, content_type="application/json")
    assert answer.status_code == 400


def test_what_a_request_may_not_say_is_ignored(staff: APIClient) -> None:
    answer = post(staff, RUNS, {**NEW, "owner": 9, "state": "DONE", "best_miou": 1.0})
    run = Run.objects.get()
    assert answer.status_code == 201
    assert (run.owner.username, run.state, run.best_miou) == ("staff", State.QUEUED, None)


def test_stop_resume_clone_delete(staff: APIClient) -> None:
    url = post(staff, RUNS, NEW).json()["url"]
    assert post(staff, url + "resume/").status_code == 409
    assert post(staff, url + "stop").json()["state"] == "STOPPED"
    assert post(staff, url + "stop/").status_code == 202
    assert post(staff, url + "resume/").json()["state"] == "QUEUED"
    clone = post(staff, url + "clone/", {"epochs": 9, "lr": 0.5}).json()
    assert (clone["epochs"], clone["config"]["lr"], clone["config"]["batch"]) == (9, 0.5, 8)
    assert clone["parent"] == int(url.rstrip("/").rpartition("/")[2])
    assert staff.delete(url).status_code == 204
    assert Run.objects.get().parent is None


def test_a_launch_may_be_a_form(staff: APIClient) -> None:
    words = "architecture=fcn8s&dataset=scenes&epochs=2&batch=4&lr=0.05&crop=64,96&pretrained=true"
    words += "&options.scaled=true&config.probes=3&tags=a&tags=b"
    form = "application/x-www-form-urlencoded"
    launched = staff.post(RUNS, words, content_type=form)
    assert launched.status_code == 201, launched.content
    run = launched.json()
    wanted = {"batch": 4, "lr": 0.05, "crop": [64, 96], "pretrained": True, "probes": 3}
    assert wanted.items() <= run["config"].items()
    assert (run["config"]["options"], run["tags"]) == ({"scaled": True}, ["a", "b"])
    clone = staff.post(f"{run['url']}clone/", "batch=2", content_type=form)
    assert clone.json()["config"] == run["config"] | {"batch": 2}
    refused = staff.post(RUNS, f"{words}&batch=four", content_type=form)
    assert refused.status_code == 400
    assert "batch cannot be 'four'" in refused.json()["detail"]


def test_a_run_that_is_done_goes_on_with_more_epochs(staff: APIClient) -> None:
    run = run_make(epochs=3)
    address = f"{RUNS}{run.pk}/resume/"
    assert post(staff, address).status_code == 409
    for fewer in (2, 3, 10**6):
        assert post(staff, address, {"epochs": fewer}).status_code == 400
    on = post(staff, address, {"epochs": 5})
    assert (on.status_code, on.json()["state"], on.json()["epochs"]) == (202, "QUEUED", 5)
    assert post(staff, address, {"epochs": 6}).status_code == 409
    impatient = run_make(epochs=3)
    Run.objects.filter(pk=impatient.pk).update(epochs=9)
    refused = post(staff, f"{RUNS}{impatient.pk}/resume/", {"epochs": 12})
    assert "patience" in refused.json()["detail"]


def test_filter_and_sort(staff: APIClient) -> None:
    best = run_make(epochs=30, architecture="segnet", name="A good one")
    worse = run_make(epochs=2)
    queued = run_make(epochs=0, planned=3, state=State.QUEUED)

    def ids(query: str) -> list[int]:
        answer = staff.get(f"{RUNS}?{query}")
        assert answer.status_code == 200, answer.content
        return [run["id"] for run in answer.json()["results"]]

    assert ids("") == [queued.pk, worse.pk, best.pk]
    assert ids("state=DONE&sort=-best_miou") == [best.pk, worse.pk]
    assert ids("architecture=segnet") == ids("name=good") == [best.pk]
    assert ids("dataset=streets&limit=1&offset=1") == [worse.pk]
    assert staff.get(f"{RUNS}?state=NOTHING").status_code == 400
    assert staff.get(f"{RUNS}?sort=owner__password").status_code == 400


def test_filter_by_tag_and_by_any_setting_or_metric(staff: APIClient) -> None:
    run_make(name="a", tags=["밤"], config={"lr": 0.1, "options": {"aux": True}})
    run_make(name="b", tags=["day"], config={"lr": 0.001}, seed=7)

    def names(**query: Any) -> list[str]:
        found = staff.get(RUNS, query | {"cursor": ""}).json()["results"]
        return [run["name"] for run in found]

    assert names(tag="밤") == names(where="config.lr>=0.01") == ["a"]
    assert names(where=["seed=7", "best_miou>=0"]) == ["b"]
    # Fractions, as every score by REST: a page's percent would find nothing.
    assert names(where="metric.pixel_accuracy<=1") == ["b", "a"]
    assert names(where="metric.pixel_accuracy>=1.5") == []
    answer = staff.get(RUNS, {"where": "config.lr>=fast"})
    assert answer.status_code == 400
    assert "lr is compared with a number" in answer.json()["detail"]
    answer = staff.get(RUNS, {"where": ["seed=7"] * 21})
    assert (answer.status_code, answer.json()["detail"]) == (400, "Give at most 20 conditions.")
    for number in ("0e999999999", "1e-999999999", "0e999999"):
        assert staff.get(RUNS, {"where": f"best_miou={number}"}).status_code == 400


SORTS = {"architecture": "architecture", "state": "state", "best_miou": "best", "epoch": "epochs"}


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("field", SORTS)
def test_pages_of_a_sorted_list_hold_every_run_once_as_the_table_does(
    field: str, sign: str, staff: APIClient, reader: Client
) -> None:
    for number in range(60):
        run_make(
            epochs=number % 3,
            planned=3,
            architecture=("unet", "segnet")[number % 2],
            state=State.QUEUED if number % 5 else State.DONE,
        )
    seen: list[int] = []
    for offset in range(0, 60, 7):
        page = staff.get(f"{RUNS}?sort={sign}{field}&limit=7&offset={offset}").json()
        seen += [run["id"] for run in page["results"]]
    assert len(set(seen)) == 60
    table = reader.get("/runs/", {"sort": f"{sign}{SORTS[field]}"}).context["page"]
    assert seen[:50] == [run.pk for run in table]
    if field == "best_miou":
        scored = set(Run.objects.exclude(best_miou=None).values_list("pk", flat=True))
        assert set(seen[: len(scored)]) == scored


def test_a_list_of_runs_costs_few_queries(
    staff: APIClient, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        run_make(epochs=1)
    with django_assert_max_num_queries(4):
        staff.get(RUNS)


def test_epochs_since_a_number_with_and_without_their_matrices(someone: APIClient) -> None:
    run = run_make(epochs=5)
    url = f"{RUNS}{run.pk}/epochs/"
    epochs = someone.get(f"{url}?after=3").json()
    assert [epoch["epoch"] for epoch in epochs] == [4, 5]
    assert len(epochs[0]["confusion"]) == 3
    assert {"loss", "val_loss", "lr", "miou", "per_class_iou"} <= epochs[0].keys()
    assert someone.get(f"{url}?confusion=false").json()[0]["confusion"] is None
    assert someone.get(f"{url}?after=x").status_code == 400
    found = someone.get(f"{url}4/confusion/").json()
    assert found["counts"] == epochs[0]["confusion"]
    assert found["classes"] == ["sky", "road", "car"]
    assert someone.get(f"{url}9/confusion/").status_code == 404


def test_an_external_run_brings_so_many_settings(someone: APIClient) -> None:
    many = {f"key {n}": n for n in range(501)}
    for config in (many, {"options": many}):
        answer = post(someone, RUNS, EXTERNAL | {"config": config})
        assert answer.status_code == 400
        assert "A run has at most 500 settings." in answer.content.decode()
    answer = post(someone, RUNS, EXTERNAL | {"config": {"options": "none", "lr": 1}})
    assert answer.status_code == 201


def test_an_external_run_reports_its_epochs(someone: APIClient) -> None:
    dataset_make()
    run = post(someone, RUNS, {**EXTERNAL, "dataset": "streets", "lr": 0.1}).json()
    assert run["config"] == {"lr": 0.1}
    url = run["url"] + "epochs/"
    counts = [[5, 1, 0], [0, 5, 0], [1, 0, 4]]
    first = post(someone, url, {"epoch": 1, "loss": 1.5, "confusion": counts})
    assert first.status_code == 201
    assert first.json()["miou"] == pytest.approx((5 / 7 + 5 / 6 + 4 / 5) / 3)
    again = post(someone, url, {"epoch": 1, "loss": 1.4, "confusion": counts})
    assert again.status_code == 200
    assert Epoch.objects.get().loss == 1.4
    assert Confusion.objects.count() == 1
    # As torch's counts come: whole numbers with a point.
    whole = post(someone, url, {"epoch": 1, "confusion": [[float(n) for n in r] for r in counts]})
    assert whole.json()["confusion"] == counts
    for number in (2, 3):
        post(someone, url, {"epoch": number, "miou": 0.1 * number})
    assert someone.get(run["url"]).json()["state"] == "DONE"


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"epoch": -1, "miou": 0.5},
        {"epoch": 10**12, "miou": 0.5},
        {"epoch": 4, "miou": 0.5},
        {"epoch": 1, "miou": "NaN"},
        {"epoch": 1, "miou": -0.1},
        {"epoch": 1, "loss": "Infinity"},
        {"epoch": 1, "lr": "-Infinity"},
        {"epoch": 1, "confusion": "text"},
        {"epoch": 1, "confusion": [[1.5]]},
        {"epoch": 1, "confusion": [[]]},
        {"epoch": 1, "confusion": [[1e300]]},
        {"epoch": 1, "confusion": [[2**70]]},
        {"epoch": 1, "confusion": {"a": 1}},
        {"epoch": 1, "per_class_iou": [2]},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(
    someone: APIClient, report: dict[str, Any]
) -> None:
    url = post(someone, RUNS, EXTERNAL).json()["url"] + "epochs/"
    answer = post(someone, url, report)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert not Epoch.objects.exists()


def test_a_run_that_is_trained_here_takes_no_reports(staff: APIClient) -> None:
    url = post(staff, RUNS, NEW).json()["url"] + "epochs/"
    assert post(staff, url, {"epoch": 1, "miou": 0.9}).status_code == 400


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("request_", [NEW, EXTERNAL])
def test_the_same_key_twenty_times_at_once_is_one_run(request_: dict[str, Any]) -> None:
    user = User.objects.create_superuser("admin", password="x")

    def launch(_: int) -> int:
        try:
            answer = post(client(user), RUNS, request_, **{"Idempotency-Key": "once"})
            assert answer.status_code in (201, 409, 503), answer.content
            return answer.json().get("id")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(launch, range(20)))
    assert Run.objects.count() == 1
    assert ids - {None} == {Run.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_processes_that_report_one_epoch_at_once_are_all_answered() -> None:
    user = User.objects.create_user("someone")
    epochs = f"{post(client(user), RUNS, EXTERNAL).json()['url']}epochs/"
    together = Barrier(4)

    def report(number: int) -> list[int]:
        try:
            answers = []
            for epoch in (1, 2, 3):
                together.wait()
                told = {"epoch": epoch, "miou": 0.5, "of_rank": number}
                told |= {"confusion": [[number, 1], [0, 4]]}
                # SQLite has one writer: who waits for too long is asked to try again.
                while (code := post(client(user), epochs, told).status_code) == 503:
                    pass
                answers.append(code)
            return answers
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = [code for answers in pool.map(report, range(4)) for code in answers]
    assert set(codes) <= {200, 201}
    assert list(Epoch.objects.values_list("number", flat=True)) == [1, 2, 3]
    assert Confusion.objects.count() == 3
    assert Run.objects.get().state == State.DONE


def test_a_report_of_a_run_that_is_deleted_meanwhile_is_a_404() -> None:
    run = run_make(epochs=0, kind="external", state=State.RUNNING)
    Run.objects.all().delete()
    with pytest.raises(RunGone):
        epoch_report(run=run, number=1, miou=0.5)
    assert RunGone.status == 404


def test_a_removed_run_is_not_there(someone: APIClient) -> None:
    run = run_make(removed_at="2026-01-01T00:00Z")
    assert someone.get(f"{RUNS}{run.pk}/").status_code == 404


def test_the_schema_is_valid_and_warns_of_nothing(capsys: pytest.CaptureFixture) -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert {"/api/v1/runs/", "/api/v1/runs/{id}/stop/"} <= set(schema["paths"])
    assert "/api/v1/runs/{id}/stop" not in schema["paths"]
    told = capsys.readouterr().err
    assert "Warning" not in told
    assert "Error" not in told


def test_a_request_names_no_file_of_the_host_as_teacher(staff: APIClient, tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"")
    for name in (str(tmp_path / "mine.safetensors"), "../mine.safetensors", "scenes"):
        answer = post(staff, RUNS, {**NEW, "teacher": name})
        assert answer.status_code == 400
        assert "teacher" in answer.json()["detail"]
        assert str(tmp_path) not in answer.json()["detail"]
    key = shipped()[0].sidecar["key"]
    answer = post(staff, RUNS, {**NEW, "teacher": key})
    assert (answer.status_code, answer.json()["config"]["teacher"]) == (201, key)


@pytest.mark.parametrize("name", ["lr", "jitter", "momentum", "weight_decay", "ema"])
def test_whole_numbers_beyond_a_float_are_refused(staff: APIClient, name: str) -> None:
    for number in (10**400, -(10**400)):
        assert post(staff, RUNS, {**NEW, name: number}).status_code == 400
    assert post(staff, RUNS, {**NEW, "scale": [10**400, 1]}).status_code == 400
    assert post(staff, RUNS, {**NEW, "options": {"a": 10**400}}).status_code == 400


def test_a_key_used_again_for_another_data_set_is_refused(someone: APIClient) -> None:
    key = {"Idempotency-Key": "k"}
    for slug in ("streets", "fields"):
        dataset_make(slug)
    first, other, again = (
        post(someone, RUNS, {**EXTERNAL, "dataset": slug}, **key)
        for slug in ("streets", "fields", "streets")
    )
    assert (first.status_code, other.status_code, again.status_code) == (201, 422, 201)
    assert first.json() == again.json()


def test_a_clone_under_one_key_is_made_once(staff: APIClient) -> None:
    first, second = (post(staff, RUNS, NEW | {"seed": seed}).json() for seed in (1, 2))
    key = {"Idempotency-Key": "again"}
    clones = [post(staff, first["url"] + "clone/", {"seed": 9}, **key).json() for _ in range(2)]
    assert clones[0]["id"] == clones[1]["id"] != first["id"]
    assert post(staff, first["url"] + "clone/", {"seed": 8}, **key).status_code == 422
    other = post(staff, second["url"] + "clone/", {"seed": 9}, **key)
    assert other.json()["id"] != clones[0]["id"]


def test_every_error_is_in_the_schema_as_a_problem() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            wanted = {"400", "401", "404", "503"}
            wanted |= {"403", "507"} if method != "get" else set()
            wanted |= {"429"} if method == "post" else set()
            wanted |= {"413", "415"} if "requestBody" in operation else set()
            assert wanted <= operation["responses"].keys(), path
            for code in filter(lambda code: code >= "400", operation["responses"]):
                told = operation["responses"][code]["content"]["application/problem+json"]
                assert told["schema"]["$ref"].endswith("/Problem")
                examples = [example["value"] for example in told["examples"].values()]
                assert {example["status"] for example in examples} == {int(code)}
                assert [example["type"] for example in examples] == list(told["examples"])
    types = schema["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert {kind.type for kind in KINDS} == set(types)


@pytest.mark.parametrize("is_staff", [False, True])
@pytest.mark.parametrize(
    ("permitted", "codes"), [(False, (403, 403, 403)), (True, (200, 201, 201))]
)
def test_launching_takes_the_permission_alone_by_page_and_by_rest(
    is_staff: bool, permitted: bool, codes: tuple[int, ...], db: None
) -> None:
    user = User.objects.create_user("user", is_staff=is_staff)
    if permitted:
        user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    page, rest = Client(), client(user)
    page.force_login(user)
    clone = f"{RUNS}{run_make(data='scenes', config={}).pk}/clone/"
    launched = [post(rest, RUNS, NEW), post(rest, clone)]
    found = [page.get("/runs/new/"), *launched]
    assert tuple(answer.status_code for answer in found) == codes, launched[1].content


def test_a_run_is_private_from_its_launch_and_so_is_its_clone(
    someone: APIClient, staff: APIClient
) -> None:
    for data in (NEW, EXTERNAL):
        run = post(staff, RUNS, data | {"private": True}).json()
        assert run["private"] is True
        assert someone.get(run["url"]).status_code == 404
        assert post(staff, RUNS, data).json()["private"] is False
    first = post(staff, RUNS, NEW | {"private": True}).json()
    assert post(staff, first["url"] + "clone/").json()["private"] is True
    assert post(staff, first["url"] + "clone/", {"private": False}).json()["private"] is False
    assert post(someone, first["url"] + "clone/").status_code == 404


def test_a_launcher_changes_no_others_run_unless_of_the_staff(db: None) -> None:
    run = run_make(owner=User.objects.create_user("owner"), epochs=1, planned=9)
    for is_staff, code in ((False, 403), (True, 202)):
        user = User.objects.create_user(f"user{is_staff}", is_staff=is_staff)
        user.user_permissions.add(Permission.objects.get(codename="launch_run"))
        page = Client()
        page.force_login(user)
        assert post(client(user), f"{RUNS}{run.pk}/stop/", {}).status_code == code
        assert page.post(f"/runs/{run.pk}/stop/").status_code == (302 if is_staff else 403)
