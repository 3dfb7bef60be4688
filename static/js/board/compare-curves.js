/**
 * <compare-curves data-src="…">: the curves of several runs over epochs or minutes, smoothed if
 * wanted, the seeds of a group as their mean with the deviation around it.
 */
class CompareCurves extends HTMLElement {
  async connectedCallback() {
    this.addEventListener("input", ({ target }) => target.name && this.draw());
    const answer = await fetch(this.dataset.src);
    if (!answer.ok) return;
    this.runs = (await answer.json()).runs;
    await customElements.whenDefined("data-chart");
    this.draw();
  }

  field(name) {
    return this.querySelector(`[name=${name}]`);
  }

  draw() {
    if (!this.runs) return;
    const along = this.field("along");
    for (const chart of this.querySelectorAll("data-chart")) {
      chart.axis(along.selectedOptions[0].textContent);
      chart.show(this.series(chart.dataset.column, Number(chart.dataset.scale), along.value));
    }
  }

  series(column, scale, along) {
    const share = Number(this.field("smoothing").value);
    const curves = this.runs.map(({ label, group, group_label, rows }) => {
      const kept = rows.filter((row) => row[column] !== null);
      const y = smoothed(kept.map((row) => row[column] * scale), share);
      return { label, group, group_label, x: kept.map((row) => row[along]), y };
    });
    if (!this.field("grouped")?.checked) return curves;
    const groups = Map.groupBy(curves, (curve) => curve.group || curve.label);
    return [...groups.values()].map((members) =>
      members.length > 1 ? this.mean(members, along) : members[0],
    );
  }

  /** Mean and deviation at the places where every member has a value. */
  mean(members, along) {
    const count = Math.min(...members.map(({ x }) => x.length));
    const at = Array.from({ length: count }, (_, n) => members.map(({ y }) => y[n]));
    const y = at.map(average);
    const spread = at.map((values, n) => Math.sqrt(average(values.map((v) => (v - y[n]) ** 2)) * (values.length / (values.length - 1))));
    const places = Array.from({ length: count }, (_, n) => members.map(({ x }) => x[n]));
    const x = along === "epoch" ? members[0].x.slice(0, count) : places.map(average);
    return {
      label: `${members[0].group_label} (${members.length}), ${this.dataset.deviation}`,
      x,
      y,
      low: y.map((value, n) => value - spread[n]),
      high: y.map((value, n) => value + spread[n]),
    };
  }
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A running mean that forgets by `share` a step, without the pull of its start towards zero. */
function smoothed(values, share) {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    sum = share * sum + (1 - share) * value;
    weight = share * weight + (1 - share);
    return sum / weight;
  });
}

customElements.define("compare-curves", CompareCurves);
