/**
 * <run-curves data-src="…">: the charts of one run. Asks for the epochs after the last it has, so
 * only what is new travels, until the run has ended. Others on the page hear of it by the event
 * "epochs" with all epoch numbers and the best one. With data-again the last one is asked for anew:
 * a script may tell of an epoch in several calls. What the trainer used is asked for likewise:
 * data-cursor names the rows' cursor, data-along what they are drawn along.
 */
const EVERY = 2000; // milliseconds
const AT_MOST = 20_000;

class RunCurves extends HTMLElement {
  connectedCallback() {
    this.rows = [];
    this.at = this.dataset.cursor ?? "epoch";
    this.pause = EVERY;
    this.fetchMore();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async fetchMore() {
    try {
      const after = this.rows.at("again" in this.dataset ? -2 : -1)?.[this.at] ?? 0;
      const answer = await fetch(`${this.dataset.src}?after=${after}`);
      if (!answer.ok) throw new Error(answer.status);
      this.take(await answer.json());
      this.pause = EVERY;
    } catch {
      this.pause = Math.min(2 * this.pause, AT_MOST);
    }
    if (!this.over) this.timer = setTimeout(() => this.fetchMore(), this.pause);
  }

  take({ rows, attempts = [], best, note, over, classes }) {
    this.over = over;
    const told = JSON.stringify(rows);
    if (told === this.told) rows = [];
    this.told = told;
    if (rows.length) this.rows = this.rows.filter((row) => row[this.at] < rows[0][this.at]);
    this.rows.push(...rows.map(({ further, ...row }) => ({ ...further, ...row })));
    for (const { further } of rows) Object.keys(further ?? {}).forEach((name) => this.add(name));
    this.classes = classes;
    const text = this.querySelector("[data-note]");
    if (text && note !== null) Object.assign(text, { textContent: note, hidden: !note });
    if (rows.length || !this.drawn || over) this.draw(attempts, best);
    if (this.at !== "epoch") return;
    const numbers = this.rows.map((row) => row.epoch);
    if (rows.length) document.dispatchEvent(new CustomEvent("epochs", { detail: { numbers, best } }));
  }

  /** A chart for a metric that only this run tells of. */
  add(name) {
    const known = [...this.querySelectorAll("data-chart")];
    if (known.some(({ dataset }) => dataset.columns === name)) return;
    const figure = this.querySelector("template[data-further]").content.cloneNode(true);
    figure.querySelector("figcaption").textContent = name;
    const chart = { columns: name, labels: name, title: name, y: name };
    Object.assign(figure.querySelector("data-chart").dataset, chart);
    this.querySelector(".charts").append(figure);
  }

  async draw(attempts, best) {
    this.drawn = true;
    await customElements.whenDefined("data-chart");
    const marks = attempts.filter((epoch) => epoch > 1).map((epoch) => ({ x: epoch - 0.5, dash: "dotted" }));
    if (best) marks.push({ x: best, dash: "solid" });
    for (const chart of this.querySelectorAll("data-chart")) {
      const series = this.series(chart.dataset);
      chart.closest("figure").hidden = series.length === 0;
      chart.show(series, marks);
    }
    for (const hint of this.querySelectorAll("[data-empty]")) hint.hidden = this.rows.length > 0;
  }

  /** The series a chart names: columns of the rows, or the IoU of every class. */
  series({ columns, labels, scale = 1 }) {
    const x = this.rows.map((row) => row[this.dataset.along ?? "epoch"]);
    const one = (label, value) => {
      const y = this.rows.map((row) => scaled(value(row), scale));
      return { label, x, y };
    };
    if (columns === "classes") {
      if (!this.rows.some((row) => row.per_class_iou?.length)) return [];
      return this.classes.map((name, n) => one(name, (row) => row.per_class_iou?.[n]));
    }
    const names = labels === columns ? [labels] : labels.split("|");
    return (names.length > 1 ? columns.split(" ") : [columns])
      .map((column, n) => one(names[n], (row) => row[column]))
      .filter(({ y }) => y.some((value) => value !== null));
  }
}

const scaled = (value, scale) => (typeof value === "number" ? value * scale : null);

customElements.define("run-curves", RunCurves);
