"""REST: what is done to several runs at once, as the table of the pages does."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.access import may_change
from experiments.models import Run
from experiments.queries import MOST_DIGITS
from experiments.runs.api import MayUseRuns
from experiments.runs.keeping import LONGEST_TAG, MOST_TAGS, runs_delete, runs_tag
from segweb.http.answers.repeats import repeatable

MOST = 500  # runs of one request


class RunsSerializer(serializers.Serializer):
    """The numbers of runs."""

    runs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=10**MOST_DIGITS - 1),
        min_length=1,
        max_length=MOST,
    )


def _tags(told: Any) -> serializers.ListField:
    one = serializers.CharField(max_length=LONGEST_TAG)
    return serializers.ListField(
        child=one, max_length=MOST_TAGS, required=False, default=list, help_text=told
    )


class RunsTagSerializer(RunsSerializer):
    """Tags to set and to take off, one at least."""

    add = _tags(_("What every run is to have."))
    remove = _tags(_("What no run is to have."))

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Nothing to do is a slip."""
        if not given["add"] and not given["remove"]:
            raise serializers.ValidationError({"add": [_("Name a tag to add or to remove.")]})
        return given


class RunsTaggedSerializer(serializers.Serializer):
    """Which runs have their tags as asked for; `missing` are not there for the caller."""

    tagged = serializers.ListField(child=serializers.IntegerField())
    missing = serializers.ListField(child=serializers.IntegerField())


class RunsDeletedSerializer(serializers.Serializer):
    """Which runs are deleted, and which `going` on and stayed; `missing` are not there, or gone."""

    deleted = serializers.ListField(child=serializers.IntegerField())
    going = serializers.ListField(child=serializers.IntegerField())
    missing = serializers.ListField(child=serializers.IntegerField())


class SeveralRuns(APIView):
    """Runs by their numbers. All of them have to be the caller's to change, or nothing is done."""

    permission_classes = [MayUseRuns]

    def chosen(self, request: Request, numbers: list[int]) -> tuple[list[Run], list[int]]:
        """The runs, and which numbers are not there. PermissionDenied names those of others."""
        runs = list(Run.objects.named_for(request.user).filter(pk__in=numbers))
        others = [run.pk for run in runs if not may_change(request.user, run)]
        if others:
            named = {"runs": ", ".join(map(str, sorted(others)))}
            raise PermissionDenied(_("These runs are not yours to change: %(runs)s.") % named)
        found = {run.pk for run in runs}
        return runs, sorted(set(numbers) - found)


class RunsTag(SeveralRuns):
    """Tag several runs."""

    @extend_schema(request=RunsTagSerializer, responses=RunsTaggedSerializer)
    @repeatable
    def post(self, request: Request) -> Response:
        """Set tags and take others off; a run that has its tags so already stays as it is."""
        form = RunsTagSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        runs, missing = self.chosen(request, given["runs"])
        runs_tag(runs=runs, add=given["add"], remove=given["remove"])
        return Response({"tagged": sorted(run.pk for run in runs), "missing": missing})


class RunsDelete(SeveralRuns):
    """Delete several runs."""

    @extend_schema(request=RunsSerializer, responses=RunsDeletedSerializer)
    @repeatable
    def post(self, request: Request) -> Response:
        """Delete those that have ended; one that goes on stays, and has to be stopped first."""
        form = RunsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        runs, missing = self.chosen(request, form.validated_data["runs"])
        going = sorted(run.pk for run in runs_delete(runs=runs))
        deleted = sorted({run.pk for run in runs} - set(going))
        return Response({"deleted": deleted, "going": going, "missing": missing})
