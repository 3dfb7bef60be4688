"""REST: runs, what to do with them, and their epochs."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from experiments.access import account, may_change, may_launch, runs_readable
from experiments.conditions import MOST_CONDITIONS, conditions_read, runs_where
from experiments.models import Dataset, Epoch, Kind, Run
from experiments.queries import ordering, tagged
from experiments.records.epochs import epoch_report
from experiments.runs.keeping import run_annotate, run_delete
from experiments.runs.serializers import (
    ConfusionSerializer,
    EpochReportSerializer,
    EpochSerializer,
    RunAnnotateSerializer,
    RunChangeSerializer,
    RunCreateSerializer,
    RunDetailSerializer,
    RunResumeSerializer,
    RunSerializer,
)
from experiments.runs.services import (
    external_run_create,
    run_clone,
    run_launch,
    run_resume,
    run_stop,
)
from segweb.http.answers.paging import CursorPagination
from segweb.http.answers.repeats import repeatable
from segweb.http.parsers import idempotency_key
from segweb.http.problems import problem
from segweb.jobs import State

MOST_EPOCHS = 1000  # in one answer
ORDERS = ("id", "created_at", "name", "architecture", "state", "epoch", "epochs", "seed")
SCORES = ("best_miou", "last_miou", "started_at", "ended_at")
NOT_LISTED = ("environment", "protocol", "history", "dataset__classes")


class MayUseRuns(BasePermission):
    """Reading: whoever may read runs. Changing one: its owner, and staff that may launch."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Nobody without an account changes anything."""
        reads = request.method in SAFE_METHODS and runs_readable(request)
        return reads or request.user.is_authenticated

    def has_object_permission(self, request: Request, view: APIView, run: Run) -> bool:
        """Whoever may see a run is told that it is not theirs to change."""
        return request.method in SAFE_METHODS or may_change(request.user, run)


class RunOrder(django_filters.OrderingFilter):
    """`?sort=` in the order of the page's table."""

    def filter(self, runs: QuerySet[Run], chosen: list[str] | None) -> QuerySet[Run]:
        """By each field that was chosen, as `queries.ordering` does."""
        return runs.order_by(*ordering(*map(self.get_ordering_value, chosen))) if chosen else runs


class RunFilter(django_filters.FilterSet):
    """`?state=DONE&architecture=unet&sort=-best_miou`, and so on."""

    state = django_filters.MultipleChoiceFilter(choices=State.choices)
    kind = django_filters.MultipleChoiceFilter(choices=Kind.choices)
    dataset = django_filters.CharFilter("dataset__slug")
    owner = django_filters.CharFilter("owner__username")
    name = django_filters.CharFilter(lookup_expr="icontains")
    tag = django_filters.CharFilter(method="with_tag")
    sort = RunOrder(fields=[(name, name) for name in ORDERS + SCORES])

    class Meta:
        model = Run
        fields = ["architecture", "variant", "group", "seed"]

    def with_tag(self, runs: QuerySet[Run], _name: str, tag: str) -> QuerySet[Run]:
        """Those that somebody gave this tag."""
        return runs.filter(tagged(tag))


class RunView(generics.GenericAPIView):
    """Something about one run."""

    permission_classes = [MayUseRuns]
    serializer_class: type[BaseSerializer[Any]] = RunDetailSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Run]:
        """Those that the caller may read."""
        return Run.objects.named_for(self.request.user)

    def shown(self, run: Run, code: int = status.HTTP_200_OK) -> Response:
        """The run as it is now."""
        fresh = get_object_or_404(self.get_queryset(), pk=run.pk)
        data = RunDetailSerializer(fresh, context=self.get_serializer_context()).data
        return Response(data, status=code, headers={"Location": data["url"]})


WHERE = OpenApiParameter(
    "where",
    str,
    many=True,
    description="A setting or a metric, one of = != >= <=, and a value: config.lr>=0.01, "
    "config.options.aux=true, metric.pixel_accuracy>=0.8 (of the best epoch), seed=3, "
    f"best_miou>=0.5. Several, {MOST_CONDITIONS} at most, have to hold together.",
)


@extend_schema_view(get=extend_schema(parameters=[WHERE]))
class Runs(generics.ListAPIView, RunView):
    """Runs, newest first; and the way to launch one."""

    serializer_class = RunSerializer
    filterset_class = RunFilter
    filter_backends = [django_filters.rest_framework.DjangoFilterBackend]
    pagination_class = CursorPagination

    def get_queryset(self) -> QuerySet[Run]:
        """Without what only a single run shows."""
        return super().get_queryset().defer(*NOT_LISTED)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the filters, and by the conditions of `?where=`; 400 for one that makes no sense."""
        conditions, refused = conditions_read(self.request.GET.getlist("where"))
        if refused:
            raise ValidationError(refused)
        return runs_where(super().filter_queryset(queryset), conditions, percent=False)

    @extend_schema(
        request=RunCreateSerializer,
        responses={201: RunDetailSerializer},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Launch a training, or begin an `external` run that reports from elsewhere.

        Launching takes a permission. A `private` run is read by its owner and by staff alone.
        """
        form = RunCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        given |= {"owner": request.user, "idempotency_key": idempotency_key(request)}
        if given.pop("kind") == Kind.EXTERNAL:
            slug = given.pop("dataset", None)
            dataset = Dataset.objects.filter(slug=slug).first() if slug else None
            if slug and dataset is None:
                raise ValidationError({"dataset": [_("There is no such data set.")]})
            for name in ("gpus", "group"):
                given.pop(name, None)
            run = external_run_create(dataset=dataset, **given)
            return self.shown(run, status.HTTP_201_CREATED)
        if not may_launch(request.user):
            raise PermissionDenied(_("Launching a training needs a permission that you lack."))
        if "dataset" not in given:
            raise ValidationError({"dataset": [_("Say which data set to train on.")]})
        run = run_launch(data=given.pop("dataset"), **given)
        return self.shown(run, status.HTTP_201_CREATED)


class RunDetail(generics.RetrieveAPIView, RunView):
    """One run."""

    @extend_schema(request=RunAnnotateSerializer, responses=RunDetailSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change name, notes or tags, or whether the run is private."""
        run = self.get_object()
        form = RunAnnotateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self.shown(run_annotate(run=run, **form.validated_data))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Stop the run if it goes on, and delete it; its published checkpoint stays."""
        run_delete(run=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class RunStop(RunView):
    """Stop a run."""

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    @repeatable
    def post(self, request: Request, pk: int) -> Response:
        """The trainer finishes its step and saves; a run that ended stays as it is."""
        run = self.get_object()
        run_stop(run=run)
        return self.shown(run, status.HTTP_202_ACCEPTED)


class RunResume(RunView):
    """Go on with a run."""

    @extend_schema(request=RunResumeSerializer, responses={202: RunDetailSerializer})
    @repeatable
    def post(self, request: Request, pk: int) -> Response:
        """If it was stopped, failed or got lost or, with more `epochs`, is done; 409 otherwise."""
        run = self.get_object()
        form = RunResumeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if not run_resume(run=run, **form.validated_data):
            return problem(409, _("Only a run that was stopped, failed or got lost can go on."))
        return self.shown(run, status.HTTP_202_ACCEPTED)


class RunClone(RunView):
    """Launch a run again."""

    @extend_schema(
        request=RunChangeSerializer,
        responses={201: RunDetailSerializer},
    )
    @repeatable
    def post(self, request: Request, pk: int) -> Response:
        """With the changes that the request names; launching takes a permission."""
        run = get_object_or_404(self.get_queryset(), pk=pk)
        if not may_launch(request.user):
            raise PermissionDenied(_("Launching a training needs a permission that you lack."))
        form = RunChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        changes = form.validated_data
        if "dataset" in changes:
            changes["data"] = changes.pop("dataset")
        key = idempotency_key(request)
        clone = run_clone(run=run, owner=account(request), idempotency_key=key, **changes)
        return self.shown(clone, status.HTTP_201_CREATED)


class Epochs(RunView):
    """The epochs of a run."""

    @extend_schema(
        parameters=[
            OpenApiParameter("after", int, description="only epochs above this number"),
            OpenApiParameter("confusion", bool, description="false leaves the matrices out"),
        ],
        responses=EpochSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        """By number, at most a thousand at once: ask on with `after`."""
        run = self.get_object()
        after = request.GET.get("after", "0")
        # Nine digits fit the column on every database.
        if not after.isdecimal() or len(after) > 9:
            raise ValidationError({"after": [_("This must be the number of an epoch.")]})
        matrices = request.GET.get("confusion", "true") != "false"
        epochs = Epoch.objects.filter(run=run, number__gt=int(after))
        epochs = epochs.select_related("confusion") if matrices else epochs
        context = {"confusion": matrices}
        return Response(EpochSerializer(epochs[:MOST_EPOCHS], many=True, context=context).data)

    @extend_schema(
        request=EpochReportSerializer, responses={200: EpochSerializer, 201: EpochSerializer}
    )
    @repeatable
    def post(self, request: Request, pk: int) -> Response:
        """Report an epoch of an external run; the same epoch again replaces what it said."""
        run = self.get_object()
        form = EpochReportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        known = Epoch.objects.filter(run=run, number=form.validated_data["number"]).exists()
        epoch = epoch_report(run=run, **form.validated_data)
        code = status.HTTP_200_OK if known else status.HTTP_201_CREATED
        return Response(EpochSerializer(epoch).data, status=code)


class EpochConfusion(RunView):
    """The confusion matrix of one epoch."""

    @extend_schema(responses=ConfusionSerializer)
    def get(self, request: Request, pk: int, number: int) -> Response:
        """Pixel counts, truth by row and prediction by column."""
        run = self.get_object()
        epoch = Epoch.objects.filter(run=run, number=number).select_related("confusion").first()
        if epoch is None or epoch.confusion is None:
            raise NotFound(_("There are no counts of this epoch."))
        classes = [entry["name"] for entry in run.dataset.classes] if run.dataset else []
        counts = epoch.confusion.matrix.tolist()
        return Response({"epoch": number, "classes": classes, "counts": counts})
