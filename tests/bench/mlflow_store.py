"""MLflow's tracking store on SQLite, filled and timed; runs in an environment that has MLflow.

`list_runs` is a page of 50 runs with latest metrics and parameters, `read_run` one of them,
`read_curves` the histories of five metrics (ours brings the class IoUs too), `record_epoch` one
`log_batch` of the scalars and class IoUs (MLflow keeps no confusion matrix in its store).
"""

import json
import sys
import time

from mlflow.entities import Metric, Param, ViewType
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

MOST = 1000  # points of one call
SCALARS = ("loss", "val_loss", "lr", "miou", "train_miou")


def milliseconds(work, rounds):
    work(0)
    times = []
    for number in range(1, rounds + 1):
        started = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - started))
    times.sort()
    return {"median": times[len(times) // 2], "p95": times[int(0.95 * (len(times) - 1))]}


def main(folder, runs, epochs, classes, rounds):
    store = SqlAlchemyStore(f"sqlite:///{folder}/mlflow.sqlite3", f"{folder}/mlflow")
    experiment = store.create_experiment("bench")
    params = [Param("lr", "0.003"), Param("batch", "8"), Param("loss", "cross_entropy")]
    points = [Metric(name, 0.5 + n / 1000, n, n) for n in range(epochs) for name in SCALARS]
    made = []
    for number in range(runs):
        run = store.create_run(experiment, "bench", number, [], f"run {number}").info.run_id
        store.log_batch(run, [], params, [])
        for start in range(0, len(points), MOST):
            store.log_batch(run, points[start : start + MOST], [], [])
        made.append(run)
    orders = [[], ["metrics.miou DESC"], ["metrics.miou ASC"], ["attributes.status ASC"]]
    tokens = {}

    def table(n):
        order = n % len(orders)
        page = store.search_runs(
            [experiment], "", ViewType.ACTIVE_ONLY, 50, orders[order], tokens.get(order)
        )
        tokens[order] = page.token

    def curves(n):
        for name in SCALARS:
            store.get_metric_history(made[n * 7 % runs], name)

    def record(n):
        names = [*SCALARS, *(f"iou_{k}" for k in range(classes))]
        store.log_batch(made[0], [Metric(name, 0.5, n, epochs + n) for name in names], [], [])

    return {
        "list_runs": milliseconds(table, rounds),
        "read_run": milliseconds(lambda n: store.get_run(made[n * 7 % runs]), rounds),
        "read_curves": milliseconds(curves, rounds),
        "record_epoch": milliseconds(record, rounds),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(**json.loads(sys.argv[1]))) + "\n")
