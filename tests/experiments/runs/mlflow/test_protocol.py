"""MLflow's protocol: what is kept is read back, what makes no sense or is another's is refused."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from experiments.models import Artifact, Experiment, Run
from experiments.runs.mlflow.searching import Condition, holds
from segweb.jobs import State
from segweb.jobs.files import folder_list
from tests.experiments.factories import dataset_make, run_make
from tests.experiments.runs.mlflow.asking import ROOT, Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Caller:
    return Caller()


def data(told: dict[str, Any], what: str) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in told["run"]["data"].get(what, [])}


def test_a_run_is_read_back_as_it_was_told(ann: Caller) -> None:
    made = ann.post("experiments/create", name="first", tags=[{"key": "a", "value": "b"}])
    experiment = ann.get("experiments/get-by-name", experiment_name="first")["experiment"]
    assert experiment["experiment_id"] == made["experiment_id"]
    assert ann.get("experiments/get", **made)["experiment"]["tags"] == [{"key": "a", "value": "b"}]
    run = ann.begin(**made, run_name="mine", tags=[{"key": "who", "value": "me"}])
    told = {
        "lr": "0.01",
        "flag": "True",
        "crop": "(3, 4)",
        "eps": "1e-05",
        "id": "007",
        "empty": "",
    }
    params = [{"key": k, "value": v} for k, v in told.items()]
    ann.post("runs/log-batch", run_id=run, params=params)
    ann.post("runs/set-tag", run_id=run, key="mlflow.note.content", value="a note")
    ann.log(run, {"odd": "NaN", "huge": "Infinity", "plain": 0.25})
    read = ann.get("runs/get", run_id=run)
    assert data(read, "params") == told
    assert data(read, "metrics") == {"odd": "NaN", "huge": 1.7976931348623157e308, "plain": 0.25}
    assert data(read, "tags")["who"] == "me"
    row = Run.objects.get(pk=run)
    assert (row.name, row.notes, row.tags, row.kind) == ("mine", "a note", ["first"], "external")
    # Numbers are kept as such, so that runs can be filtered by them.
    assert (row.config["lr"], row.config["flag"], row.config["id"]) == (0.01, True, "007")
    info = ann.post("runs/update", run_id=run, status="FINISHED", end_time=1)["run_info"]
    assert (info["status"], Run.objects.get(pk=run).state) == ("FINISHED", State.DONE)
    ann.post("runs/update", run_id=run, status="RUNNING")
    assert Run.objects.get(pk=run).ended_at is None
    ann.post("runs/delete-tag", run_id=run, key="who")
    assert "who" not in data(ann.get("runs/get", run_id=run), "tags")
    ann.post("runs/delete", run_id=run)
    assert not Run.objects.filter(pk=run).exists()


def test_settings_say_what_is_a_column_of_ours(ann: Caller) -> None:
    dataset = dataset_make("streets")
    run = ann.begin()
    for key, value in {"arch": "unet", "dataset": "streets", "seed": "7"}.items():
        ann.post("runs/log-parameter", run_id=run, key=key, value=value)
    row = Run.objects.get(pk=run)
    assert (row.architecture, row.dataset, row.seed) == ("unet", dataset, 7)
    # The same again is harmless, since clients ask again; another value is refused.
    ann.post("runs/log-parameter", run_id=run, key="arch", value="unet")
    other = {"run_id": run, "key": "arch", "value": "segnet"}
    assert ann.refused("runs/log-parameter", other) == (400, "INVALID_PARAMETER_VALUE")


def test_a_history_has_every_value_once(ann: Caller) -> None:
    run = ann.begin()
    for value in (0.5, 0.5, 0.75):  # the second is the first one, sent again
        ann.log(run, {"m": value}, step=3)
    ann.log(run, {"m": "NaN"}, step=-1)
    history = ann.get("metrics/get-history", run_id=run, metric_key="m")["metrics"]
    assert [(p["step"], p["value"]) for p in history] == [(-1, "NaN"), (3, 0.5), (3, 0.75)]
    assert data(ann.get("runs/get", run_id=run), "metrics") == {"m": 0.75}
    first = ann.get("metrics/get-history", run_id=run, metric_key="m", max_results=2)
    rest = ann.get(
        "metrics/get-history", run_id=run, metric_key="m", page_token=first["next_page_token"]
    )
    assert [*first["metrics"], *rest["metrics"]] == history
    assert "next_page_token" not in rest


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("metrics.m > 0.5", "b"),
        ("metrics.`val/m` >= 0.1 and params.lr = '0.01'", "a"),
        ("params.lr != '0.01'", "b"),
        ("tags.kind LIKE 'fa%'", "a"),
        ("tags.kind ILIKE 'SLOW'", "b"),
        ("attributes.run_name IN ('a', 'c')", "a"),
        ("status = 'RUNNING' AND run_name = 'b'", "b"),
        ("metrics.m <= 1", "ab"),
        ("metrics.absent > 0", ""),
        ("", "ab"),
    ],
)
def test_a_search_filters(ann: Caller, filter_: str, found: str) -> None:
    told = {"a": (0.5, "0.01", "fast"), "b": (1, "0.1", "slow")}
    for name, (metric, lr, kind) in told.items():
        run = ann.begin(run_name=name, tags=[{"key": "kind", "value": kind}])
        ann.log(run, {"m": metric, **({"val/m": 0.1} if name == "a" else {})})
        ann.post("runs/log-parameter", run_id=run, key="lr", value=lr)
    asked = {"experiment_ids": ["0"], "filter": filter_, "order_by": ["metrics.m ASC"]}
    runs = ann.post("runs/search", **asked)["runs"]
    assert "".join(run["info"]["run_name"] for run in runs) == found
    down = ann.post("runs/search", **asked | {"order_by": ["metrics.m DESC"]})["runs"]
    assert down == runs[::-1]
    if len(runs) == 2:
        first = ann.post("runs/search", **asked, max_results=1)
        rest = ann.post("runs/search", **asked, page_token=first["next_page_token"])
        assert [*first["runs"], *rest["runs"]] == runs


def test_experiments_are_searched_and_named_once(ann: Caller) -> None:
    for name in ("one", "two"):
        ann.post("experiments/create", name=name)
    names = lambda **g: [e["name"] for e in ann.post("experiments/search", **g)["experiments"]]  # noqa: E731
    assert names() == ["two", "one", "Default"]
    assert names(filter="name LIKE 't%'", max_results=10) == ["two"]
    again = ann.refused("experiments/create", {"name": "one"})
    assert again == (400, "RESOURCE_ALREADY_EXISTS")
    assert ann.refused("experiments/create", {"name": "Default"})[1] == "RESOURCE_ALREADY_EXISTS"


BAD: list[tuple[str, Any]] = [
    ("runs/log-metric", {"key": "", "value": 1}),
    ("runs/log-metric", {"key": "x" * 251, "value": 1}),
    ("runs/log-metric", {"key": "a\0b", "value": 1}),
    ("runs/log-metric", {"key": "a\ud800", "value": 1}),
    ("runs/log-metric", {"key": "a", "value": "much"}),
    ("runs/log-metric", {"key": "a", "value": [1]}),
    ("runs/log-metric", {"key": "a", "step": 1}),
    ("runs/log-metric", {"key": "a", "value": 1, "step": 2**63}),
    ("runs/log-metric", {"key": "a", "value": 1, "step": 0.5}),
    ("runs/log-metric", {"key": "a", "value": 1, "timestamp": -1}),
    ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 10**18}),
    ("runs/log-batch", {"metrics": [{"key": "a", "value": 1}] * 1001}),
    ("runs/log-batch", {"metrics": "a"}),
    ("runs/log-batch", {"metrics": [1]}),
    ("runs/log-batch", {"params": [{"key": f"p{n}", "value": "1"} for n in range(101)]}),
    ("runs/log-batch", {"params": [{"key": "a", "value": v} for v in ("1", "2")]}),
    ("runs/log-parameter", {"key": "a", "value": "x" * 6001}),
    ("runs/log-parameter", {"key": "a", "value": 1}),
    ("runs/set-tag", {"key": "a", "value": "x" * 8001}),
    ("runs/set-tag", {"value": "x"}),
    ("runs/update", {"status": "TIRED"}),
    ("runs/create", {"run_name": 5}),
    ("runs/create", {"tags": [{"key": f"t{n}", "value": ""} for n in range(201)]}),
    ("runs/search", {"experiment_ids": ["0"], "filter": "metrics.m >"}),
    ("runs/search", {"experiment_ids": ["0"], "filter": "metrics.m > 1 or metrics.m < 0"}),
    ("runs/search", {"experiment_ids": ["0"], "filter": "metrics.m > 'x'"}),
    ("runs/search", {"experiment_ids": ["0"], "filter": "beans.m > 1"}),
    ("runs/search", {"experiment_ids": ["0"], "order_by": ["metrics.m SIDEWAYS"]}),
    ("runs/search", {"experiment_ids": ["0"], "max_results": 0}),
    ("experiments/create", {"name": "x" * 251}),
]


@pytest.mark.parametrize(("path", "given"), BAD)
def test_what_makes_no_sense_is_refused_in_mlflows_words(
    ann: Caller, path: str, given: Any
) -> None:
    run = ann.begin()
    asked = {"run_id": run, **given} if path != "runs/create" else given
    assert ann.refused(path, asked) == (400, "INVALID_PARAMETER_VALUE")
    assert Run.objects.count() == 1
    assert ann.get("runs/get", run_id=run)["run"]["data"]["metrics"] == []


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 5000, '{"run_id": 1e999}', b"\xff"])
def test_a_body_that_is_no_object_is_refused(ann: Caller, body: Any) -> None:
    status, told = ann.ask("POST", "mlflow/runs/log-batch", body)
    assert (status, told["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_what_is_not_kept_here_says_so(ann: Caller) -> None:
    for path in ("mlflow/registered-models/create", "mlflow/runs/restore", "nothing"):
        status, told = ann.ask("POST", path, {})
        assert (status, told["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert ann.ask("GET", "mlflow/runs/create")[1]["error_code"] == "ENDPOINT_NOT_FOUND"
    assert ann.client.get("/mlflow/").headers["Location"] == "/runs/"
    assert ann.client.get("/mlflow/health").content == b"OK"


# Whose things they are


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic YW5uOng=", "Token é"])
def test_without_a_token_nothing_is_told(header: str) -> None:
    user = User.objects.create_user("ann")
    client = Client(headers={"Authorization": header})
    client.force_login(user)  # a browser's session is no token: no page of others acts by it
    for path in ("mlflow/runs/search", "mlflow/experiments/create", "mlflow-artifacts/artifacts"):
        answer = client.post(f"{ROOT}/{path}", "{}", "application/json")
        assert answer.status_code == 401, path
        assert answer.json()["error_code"] == "UNAUTHENTICATED"


def test_another_account_neither_sees_nor_writes_what_is_private(ann: Caller) -> None:
    private = [{"key": "segweb.private", "value": "true"}]
    hidden, shown = ann.begin(tags=private), ann.begin()
    for run in (hidden, shown):
        ann.log(run, {"m": 1})
        ann.ask("PUT", f"mlflow-artifacts/artifacts/0/{run}/artifacts/a.txt", "text")
    experiment = ann.post("experiments/create", name="ann's")
    bob = Caller("bob", word="Token")
    for run, read in ((hidden, 404), (shown, 200)):
        files = f"mlflow-artifacts/artifacts/0/{run}/artifacts"
        asked = {"run_id": run, "metric_key": "m"}
        assert bob.ask("GET", "mlflow/runs/get", asked)[0] == read
        assert bob.ask("GET", "mlflow/metrics/get-history", asked)[0] == read
        assert bob.ask("GET", "mlflow/artifacts/list", asked)[0] == read
        assert bob.ask("GET", f"{files}/a.txt")[0] == read
        for path in ("update", "delete", "log-metric", "log-batch", "log-parameter", "set-tag"):
            status, told = bob.ask(
                "POST", f"mlflow/runs/{path}", asked | {"key": "a", "value": "1"}
            )
            assert status == (404 if read == 404 else 403), path
            assert told["error_code"] != "INTERNAL_ERROR"
        for method in ("PUT", "DELETE"):
            assert bob.ask(method, f"{files}/a.txt", "other")[0] in (403, 404)
        assert ann.ask("GET", f"{files}/a.txt") == (200, b"text")
    assert bob.post("runs/search", experiment_ids=["0"])["runs"] == []
    assert bob.ask("GET", "mlflow/experiments/get", experiment)[0] == 404
    assert bob.ask("POST", "mlflow/runs/create", experiment)[0] == 404
    assert bob.post("experiments/create", name="ann's") != experiment  # names are each one's own


def test_what_is_trained_here_is_not_reported(ann: Caller) -> None:
    run = run_make(owner=ann.user)
    assert ann.get("runs/get", run_id=str(run.pk))["run"]["info"]["status"] == "FINISHED"
    given = {"run_id": str(run.pk), "key": "a", "value": 1}
    assert ann.refused("runs/log-metric", given) == (400, "INVALID_PARAMETER_VALUE")


# Files


def test_files_are_kept_listed_replaced_and_deleted(
    ann: Caller, django_capture_on_commit_callbacks: Any
) -> None:
    run = ann.begin()
    root = f"mlflow-artifacts/artifacts/0/{run}/artifacts"
    for path, text in {"a.txt": "1", "b/c.txt": "22", "b/d/e.txt": "333"}.items():
        assert ann.ask("PUT", f"{root}/{path}", text) == (200, {})
    listed = lambda path: ann.ask("GET", "mlflow-artifacts/artifacts", {"path": path})[1]["files"]  # noqa: E731
    assert listed(f"0/{run}/artifacts") == [
        {"path": "a.txt", "is_dir": False, "file_size": 1},
        {"path": "b", "is_dir": True},
    ]
    below = [{"path": "c.txt", "is_dir": False, "file_size": 2}, {"path": "d", "is_dir": True}]
    assert listed(f"0/{run}/artifacts/b") == below
    whole = ann.get("artifacts/list", run_id=run, path="b")["files"]
    assert [file["path"] for file in whole] == ["b/c.txt", "b/d"]
    with django_capture_on_commit_callbacks(execute=True):
        ann.ask("PUT", f"{root}/a.txt", "other")
    assert ann.ask("GET", f"{root}/a.txt") == (200, b"other")
    with django_capture_on_commit_callbacks(execute=True):
        ann.ask("DELETE", f"{root}/a.txt")
    assert ann.ask("GET", f"{root}/a.txt")[0] == 404
    assert len(folder_list(f"runs/{run}/artifacts")[1]) == 2
    with django_capture_on_commit_callbacks(execute=True):
        ann.post("runs/delete", run_id=run)
    assert not default_storage.exists(f"runs/{run}")


def test_a_folder_is_deleted_with_all_below_it_and_nothing_else(
    ann: Caller, django_capture_on_commit_callbacks: Any
) -> None:
    run, other = ann.begin(), ann.begin()
    root = f"mlflow-artifacts/artifacts/0/{run}/artifacts"
    for path in ("a", "b/c", "b/d/e", "B/c", "bb/c"):
        ann.ask("PUT", f"{root}/{path}", "text")
    ann.ask("PUT", f"mlflow-artifacts/artifacts/0/{other}/artifacts/b/c", "text")
    kept = lambda run: list(Artifact.objects.filter(run=run).values_list("path", flat=True))  # noqa: E731
    assert [file["path"] for file in ann.get("artifacts/list", run_id=run, path="b")["files"]] == [
        "b/c",
        "b/d",
    ]
    for path, left in (
        ("nothing", ["B/c", "a", "b/c", "b/d/e", "bb/c"]),
        ("b", ["B/c", "a", "bb/c"]),
        ("", []),  # a run's files as a whole
    ):
        with django_capture_on_commit_callbacks(execute=True):
            assert ann.ask("DELETE", f"{root}/{path}") == (200, {})
        assert sorted(kept(run)) == left
        assert len(folder_list(f"runs/{run}/artifacts")[1]) == len(left)
    assert kept(other) == ["b/c"]


@pytest.mark.parametrize("path", [r"..\x", r"a\..\..\x", r"a\b", "C:/x", "%5c%5chost/x"])
def test_no_name_is_a_path_on_another_system(ann: Caller, path: str) -> None:
    run = ann.begin()
    root = f"mlflow-artifacts/artifacts/0/{run}/artifacts"
    status, told = ann.ask("PUT", f"{root}/{path}", "text")
    assert (status, told["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "write folders with /" in told["message"]
    assert not Artifact.objects.exists()
    assert folder_list(f"runs/{run}/artifacts")[1] == []
    assert ann.ask("PUT", f"{root}/12:30.png", "text") == (200, {})  # no drive


@pytest.mark.parametrize("path", ["../x", "a/../../x", "%2e%2e/x", "x" * 501, "", "a%00b"])
def test_no_path_leads_outside(ann: Caller, path: str) -> None:
    run = ann.begin()
    answer = ann.client.put(f"{ROOT}/mlflow-artifacts/artifacts/0/{run}/artifacts/{path}", b"x")
    assert answer.status_code in (400, 404)
    assert not Artifact.objects.exists()
    assert folder_list(f"runs/{run}/artifacts")[1] == []


def test_files_stop_at_the_accounts_quota(ann: Caller, settings: Settings) -> None:
    settings.QUOTAS = settings.QUOTAS | {("account", "bytes"): 10}
    run = ann.begin()
    root = f"mlflow-artifacts/artifacts/0/{run}/artifacts"
    assert ann.ask("PUT", f"{root}/a", "123456")[0] == 200
    assert ann.ask("PUT", f"{root}/a", "12345678")[0] == 200  # in its place
    status, told = ann.ask("PUT", f"{root}/b", "123")
    # Not 429: clients would ask again for minutes.
    assert (status, told["error_code"]) == (403, "PERMISSION_DENIED")
    assert "room" in told["message"]
    assert len(folder_list(f"runs/{run}/artifacts")[1]) == 2  # the old one goes at the commit


def test_a_file_for_which_there_is_no_room_is_not_read(ann: Caller, settings: Settings) -> None:
    settings.QUOTAS = settings.QUOTAS | {("account", "bytes"): 10}
    run = ann.begin()
    body = BytesIO(b"12345678901")
    sent = {"CONTENT_LENGTH": "11", "wsgi.input": body}
    answer = ann.client.put(f"{ROOT}/mlflow-artifacts/artifacts/0/{run}/artifacts/a", **sent)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert body.tell() == 0
    assert folder_list(f"runs/{run}/artifacts")[1] == []


def test_limits_of_a_run(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiments.records import points

    monkeypatch.setattr(points, "MOST_SERIES", 2)
    run = ann.begin()
    ann.log(run, {"a": 1, "b": 1})
    given = {"run_id": run, "key": "c", "value": 1}
    assert ann.refused("runs/log-metric", given) == (400, "INVALID_PARAMETER_VALUE")
    monkeypatch.setattr(points, "MOST_POINTS", 3)
    ann.log(run, {"a": 2}, step=1)
    assert ann.refused("runs/log-metric", given | {"key": "a"})[0] == 400
    tags = [{"key": f"t{n}", "value": "x"} for n in range(150)]
    ann.post("runs/log-batch", run_id=run, tags=tags)
    more = [{"key": f"u{n}", "value": "x"} for n in range(150)]
    assert ann.refused("runs/log-batch", {"run_id": run, "tags": more})[0] == 400


def test_an_account_that_is_gone_leaves_public_runs(ann: Caller) -> None:
    experiment = ann.post("experiments/create", name="x")
    run = ann.begin(**experiment)
    ann.user.delete()
    assert Run.objects.get(pk=run).experiment is None
    assert not Experiment.objects.exists()


def test_a_session_cannot_be_used_across_sites(ann: Caller) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann.user)
    body = json.dumps({"name": "x"})
    answer = browser.post(f"{ROOT}/mlflow/experiments/create", body, "application/json")
    assert answer.status_code == 401


# What somebody sends to do harm, or by mistake


def test_a_search_of_many_parts_ends(ann: Caller) -> None:
    ann.begin(run_name="a", tags=[{"key": "k", "value": "a" * 2000}])
    asked = {"experiment_ids": ["0"]}
    for end, found in (("b", 0), ("", 1)):  # by plain .* the first would take years
        filter_ = f"tags.k LIKE '{'%a' * 500}%{end}'"
        assert len(ann.post("runs/search", **asked, filter=filter_)["runs"]) == found


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a%b", "a\nb", True),
        ("%ab%ab", "ab", False),
        ("%ab%ab", "abxab", True),
        ("a_c%", "abcd", True),
        ("a_c%", "acd", False),
        ("%.%", "ab", False),
        ("%", "", True),
        ("", "a", False),
        ("a%a", "a", False),
        ("%a%_", "aba", True),
    ],
)
def test_like_is_as_in_sql(pattern: str, text: str, fits: bool) -> None:
    condition = Condition("tags", "k", "LIKE", pattern)
    assert holds(condition, {"tags": {"k": text}}) is fits


def test_a_tag_that_is_called_as_a_time_is_compared_as_a_text(ann: Caller) -> None:
    ann.begin(tags=[{"key": "start_time", "value": "9"}])
    asked = {"experiment_ids": ["0"], "filter": "tags.start_time > '5'"}
    assert len(ann.post("runs/search", **asked)["runs"]) == 1


def test_experiments_are_not_ordered_by_what_has_no_order(ann: Caller) -> None:
    for name in "ab":
        ann.post("experiments/create", name=name, tags=[{"key": "k", "value": name}])
    told = ann.post("experiments/search", order_by=["attributes.tags"])["experiments"]
    assert len(told) == 3


def test_a_search_has_no_more_terms_than_anybody_needs(ann: Caller) -> None:
    ann.begin()
    for many in ({"experiment_ids": ["0"] * 2000}, {"order_by": ["run_name"] * 2000}):
        given = {"experiment_ids": ["0"], **many}
        assert ann.refused("runs/search", given) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("told", "private"),
    [("true", True), ("True ", True), ("1", True), ("yes", True), ("false", False), ("0", False)],
)
def test_only_what_surely_says_no_publishes_a_run(ann: Caller, told: str, private: bool) -> None:
    tag = {"key": "segweb.private", "value": told}
    run = ann.begin(tags=[tag])
    assert Run.objects.get(pk=run).private is private
    run = ann.begin()
    ann.post("runs/set-tag", run_id=run, **tag)
    assert Run.objects.get(pk=run).private is private


def test_what_is_no_number_is_kept_once_and_of_two_values_the_last_is_the_latest(
    ann: Caller,
) -> None:
    run = ann.begin()
    for _again in range(2):
        ann.log(run, {"odd": "NaN"}, step=1)
    assert len(ann.get("metrics/get-history", run_id=run, metric_key="odd")["metrics"]) == 1
    rows = [{"key": "m", "value": value, "step": 0, "timestamp": 5} for value in (2, 1)]
    ann.post("runs/log-batch", run_id=run, metrics=rows)
    assert data(ann.get("runs/get", run_id=run), "metrics")["m"] == 1
