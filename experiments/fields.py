"""What of a run can be a column, an order or a filter, by name; see also `conditions`.

seed, epochs, best_miou …   columns of the run itself
config.lr                   a setting; config.options.aux one of its network's options
metric.loss                 a metric of its best epoch, or of the last where none is best
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import F, JSONField, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from experiments.models import Epoch, Kind, Run
from experiments.records.configuration import FIELDS
from experiments.scores.metrics import title_of
from models_zoo.files import is_plain
from models_zoo.metrics.table import METRICS

TEXTS = {"variant": _("Variant"), "data": _("Data")}
NUMBERS = {
    "best_miou": _("Best mIoU"),
    "last_miou": _("Last mIoU"),
    "seed": _("Seed"),
    "epoch": _("Epochs done"),
    "epochs": _("Epochs planned"),
    "gpus": _("GPUs"),
}
OWN = NUMBERS | TEXTS
SETTING, METRIC, OPTION = "config.", "metric.", "options."
LONGEST = 100
NEWEST = 100  # runs whose own settings and metrics are offered beside those that every run has
MOST_OFFERED = 100  # settings, and metrics: a run from elsewhere may bring any number


@dataclass(frozen=True)
class RunField:
    """A setting, a metric or a column of runs."""

    name: str

    @property
    def key(self) -> str:
        """The name without what it is of."""
        return self.name.removeprefix(SETTING).removeprefix(METRIC)

    @property
    def title(self) -> str | Promise:
        """What pages call it: a setting as one types it, on the command line."""
        if self.name.startswith(METRIC):
            return title_of(self.key)
        return OWN.get(self.name, self.key)

    @property
    def fraction(self) -> bool:
        """Whether pages show it in percent."""
        metric = METRICS.get(self.key.removeprefix("best_").removeprefix("last_"))
        return metric is not None and metric.fraction and not self.name.startswith(SETTING)

    @property
    def measured(self) -> bool:
        """Whether it was measured: what is shown of it is rounded."""
        return self.name.startswith(METRIC) or self.fraction

    @property
    def numeric(self) -> bool:
        """Whether it has no value but numbers."""
        return self.measured or self.name in NUMBERS

    @property
    def value(self) -> Combinable:
        """Where the value stands: in a row of Epoch for a metric, else in the run's."""
        if self.name.startswith(METRIC):
            return F(self.key) if self.key in Epoch.METRICS else KeyTransform(self.key, "further")
        if not self.name.startswith(SETTING):
            return F(self.name)
        if self.key.startswith(OPTION):
            return KeyTransform(self.key.removeprefix(OPTION), KeyTransform("options", "config"))
        return KeyTransform(self.key, "config")

    @property
    def order(self) -> Combinable:
        """What a list of runs is sorted by."""
        value = self.value
        if isinstance(value, KeyTransform):
            # JSON's null is no value: a text to one database, below everything to the other.
            value = NullIf(value, Value(None, JSONField()))
        if not self.name.startswith(METRIC):
            return value
        number = Coalesce(OuterRef("best_epoch"), OuterRef("epoch"))
        rows = Epoch.objects.filter(run=OuterRef("pk"), number=number).order_by()
        return Subquery(rows.values(found=value)[:1])

    def of(self, run: Run, epochs: dict[int, Epoch]) -> Any:
        """The value of a run; `epochs` are `best_epochs`. None where there is none."""
        if self.name.startswith(METRIC):
            row = epochs.get(run.pk)
            own = self.key in Epoch.METRICS
            return row and (getattr(row, self.key) if own else row.further.get(self.key))
        if not self.name.startswith(SETTING):
            return getattr(run, self.name)
        if self.key.startswith(OPTION):
            return _options(run.config).get(self.key.removeprefix(OPTION))
        return run.config.get(self.key)


def _options(config: dict[str, Any]) -> dict[str, Any]:
    options = config.get("options")
    return options if isinstance(options, dict) else {}  # a run from elsewhere may say anything


def field_named(name: str) -> RunField | None:
    """The field of that name; any setting and any metric may be named, whether a run has it."""
    own = name in OWN
    other = name.startswith((SETTING, METRIC)) and len(name) <= LONGEST and is_plain(name)
    field = RunField(name)
    return field if own or (other and field.key and field.key != "per_class_iou") else None


def fields_offered(runs: QuerySet[Run]) -> tuple[list[RunField], list[RunField]]:
    """The settings and the metrics that can be chosen among `runs`, by the newest of them."""
    newest = list(runs.order_by("-id").values_list("pk", flat=True)[:NEWEST])
    # Every run that was trained here has the same settings, but for its network's options.
    # As text: SQLite's functions of JSON refuse a query for one row of before that is none.
    told = (
        Run.objects.filter(pk__in=newest)
        .annotate(text=Cast("config", TextField()))
        .filter(Q(kind=Kind.EXTERNAL) | Q(text__contains='"options": {"'))
        .order_by("-id")
    )
    settings: Counter[str] = Counter()
    for config in told.values_list("config", flat=True):
        settings.update(f"{OPTION}{name}" for name in _options(config))
        settings.update(list(config))  # the names: a mapping would count its values
    epochs = at_best(Epoch.objects.filter(run__in=newest)).exclude(further={}).order_by()
    metrics: Counter[str] = Counter()
    for row in epochs.values_list("further", flat=True):
        metrics.update(sorted(row))
    return _offered(SETTING, FIELDS, settings), _offered(METRIC, METRICS, metrics)


def _offered(of: str, usual: Iterable[str], counted: Counter[str]) -> list[RunField]:
    """The usual ones, then those that most runs have."""
    names = dict.fromkeys([*usual, *(name for name, _runs in counted.most_common())])
    found = (field_named(f"{of}{name}") for name in names if f"{of}{name}" != "config.options")
    return list(islice(filter(None, found), MOST_OFFERED))


def at_best(epochs: QuerySet[Epoch]) -> QuerySet[Epoch]:
    """Of each run the epoch that its metrics are told of."""
    return epochs.filter(number=Coalesce(F("run__best_epoch"), F("run__epoch")))


def best_epochs(runs: Iterable[Run]) -> dict[int, Epoch]:
    """The epoch that each run's metrics are shown of, by run."""
    rows = at_best(Epoch.objects.filter(run__in=[run.pk for run in runs]))
    return {row.run_id: row for row in rows}
