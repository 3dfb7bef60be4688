"""MLflow's proxied artifacts: files of a run, put, listed, fetched and deleted by their path."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import Any

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from experiments.access import account
from experiments.models import Artifact, Run
from experiments.runs.mlflow.protocol import Given, Refused, answers, run_of, text, wrong
from experiments.runs.mlflow.services import artifact_keep, artifacts_delete, artifacts_within
from experiments.runs.mlflow.shown import files_shown, info_shown
from models_zoo.files import is_plain

LONGEST_PATH = 500
# <experiment>/<run>/artifacts, and below it what the script chose.
_ROOT = re.compile(r"/*(\d+)/+(\d+)/+artifacts(?:/+(.*))?", re.DOTALL)


def listed(user: User, given: Given) -> dict[str, Any]:
    """What lies in a folder of a run's files, by the run's id; paths are whole ones."""
    run, folder = run_of(user, given), _path(text(given, "path", most=LONGEST_PATH, needed=False))
    start = f"{folder}/" if folder else ""
    files = files_shown(artifacts_within(run, folder), folder)
    told = [file | {"path": f"{start}{file['path']}"} for file in files]
    return {"root_uri": info_shown(run)["artifact_uri"], "files": told}


@answers
def folder(request: HttpRequest) -> HttpResponseBase:
    """The same by the path of the folder, whose entries are named alone."""
    run, path = _addressed(request, request.GET.get("path", ""))
    return JsonResponse({"files": files_shown(artifacts_within(run, path), path)})


@answers
def file(request: HttpRequest, path: str) -> HttpResponseBase:
    """One file: GET, PUT or DELETE; a folder's DELETE is that of all below it."""
    if request.method == "GET":
        run, name = _addressed(request, path)
        found = Artifact.objects.filter(run=run, path=name).first()
        if found is None:
            told = _("This run has no file %(name)s.") % {"name": name}
            raise Refused("RESOURCE_DOES_NOT_EXIST", told)
        opened = default_storage.open(str(found.file))
        kind = "application/octet-stream"
        return FileResponse(opened, as_attachment=True, filename="artifact", content_type=kind)
    if request.method not in ("PUT", "DELETE"):
        text_ = _("This address takes %(method)s only.") % {"method": "GET, PUT, DELETE"}
        raise Refused("ENDPOINT_NOT_FOUND", text_)
    run, name = _addressed(request, path, change=True)
    if request.method == "DELETE":
        artifacts_delete(run=run, path=name)
        return JsonResponse({})
    if not name:
        raise wrong(_("A file needs a name."))
    if "\\" in name or PureWindowsPath(name).is_absolute():
        told = _("%(name)s is a path of another system: write folders with / and name no drive.")
        raise wrong(told % {"name": name})
    arriving: Any = File(request, name="artifact")  # type: ignore[arg-type]
    # As much as is read of it at most; what it says is not believed of what is kept.
    length = request.META.get("CONTENT_LENGTH") or ""
    arriving.size = int(length) if length.isdecimal() else 0
    artifact_keep(run=run, path=name, file=arriving)
    return JsonResponse({})


def _addressed(request: HttpRequest, address: str, *, change: bool = False) -> tuple[Run, str]:
    """The run and the path below its files that an address names."""
    match = _ROOT.fullmatch(address)
    if match is None:
        told = _("Files lie below <experiment>/<run>/artifacts.")
        raise Refused("RESOURCE_DOES_NOT_EXIST", told)
    run = run_of(account(request), {"run_id": match[2]}, change=change)
    return run, _path(match[3] or "")


def _path(path: str) -> str:
    """A path as it is kept: relative, without empty parts. Refused for one that leads outside."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or len(path) > LONGEST_PATH or not is_plain(path):
        raise wrong(_("This path cannot be kept: it leads outside, or is too long."))
    return "/".join(parts)
