/**
 * <run-series data-src="…">: a chart for each metric that a script logs by step. The list of names
 * is asked for again and again while the run goes on; the values of one once its chart is in view,
 * and anew when there are more.
 */
const EVERY = 3000; // milliseconds
const AT_MOST = 30_000;

class RunSeries extends HTMLElement {
  connectedCallback() {
    this.charts = new Map();
    this.pause = EVERY;
    this.looking = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        target.inView = isIntersecting;
        if (isIntersecting) this.fill(target);
      }
    });
    this.fetchMore();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.looking.disconnect();
  }

  async fetchMore() {
    let over = false;
    try {
      const told = await this.ask();
      over = told.over;
      for (const { name, points } of told.series) {
        const figure = this.charts.get(name) ?? this.add(name);
        figure.stale = figure.points !== points;
        figure.points = points;
        if (figure.stale && figure.inView) this.fill(figure);
      }
      this.closest("[data-by-step]").hidden = this.charts.size === 0;
      this.pause = EVERY;
    } catch {
      this.pause = Math.min(2 * this.pause, AT_MOST);
    }
    if (!over) this.timer = setTimeout(() => this.fetchMore(), this.pause);
  }

  async ask(name) {
    const asked = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
    const answer = await fetch(this.dataset.src + asked);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  add(name) {
    const figure = this.querySelector("template").content.firstElementChild.cloneNode(true);
    figure.name = name;
    figure.querySelector("figcaption").textContent = name;
    Object.assign(figure.querySelector("data-chart").dataset, { title: name, y: name });
    this.querySelector(".charts").append(figure);
    this.charts.set(name, figure);
    this.looking.observe(figure);
    return figure;
  }

  async fill(figure) {
    if (!figure.stale) return;
    figure.stale = false;
    try {
      const { x, y } = await this.ask(figure.name);
      await customElements.whenDefined("data-chart");
      figure.querySelector("data-chart").show([{ label: figure.name, x, y }]);
    } catch {
      figure.stale = true; // asked for again when it is next in view, or has more
    }
  }
}

customElements.define("run-series", RunSeries);
