/**
 * <data-chart>: lines or points by Bokeh, in the colours of the page, with the same numbers as a
 * table that opens beneath. Drawn once it comes into view.
 *
 * `show(series)` or the JSON script that data-series names give what to draw: a list of
 * {label, x, y, kind: "line" | "step" | "points", low, high, names}; null leaves a gap, low and
 * high make a band, names are told of points. `marks` are {x, label}: vertical lines.
 */
const DASHES = ["solid", "dashed", "dotted"];
const COLOURS = 8;
const dark = matchMedia("(prefers-color-scheme: dark)");

class DataChart extends HTMLElement {
  connectedCallback() {
    this.lines = new Map();
    this.shown = { series: [], marks: [] };
    this.plot = this.appendChild(document.createElement("div"));
    this.plot.className = "plot";
    this.plot.setAttribute("aria-hidden", "true"); // the table says the same
    this.legend = this.appendChild(document.createElement("div"));
    this.legend.className = "chart-legend";
    this.addTable();
    this.looking = new IntersectionObserver((seen) => seen.some((e) => e.isIntersecting) && this.begin());
    this.looking.observe(this);
    this.theme = () => this.figure && this.paint();
    dark.addEventListener("change", this.theme);
    const given = document.getElementById(this.dataset.series);
    if (given) this.show(JSON.parse(given.textContent));
  }

  disconnectedCallback() {
    this.looking.disconnect();
    dark.removeEventListener("change", this.theme);
  }

  show(series, marks = []) {
    this.shown = { series, marks };
    this.dataset.points = Math.max(0, ...series.map((one) => one.x.length));
    if (this.figure) this.update();
    if (this.table.open) this.fillTable();
  }

  async begin() {
    this.looking.disconnect();
    const { figure, show } = Bokeh.Plotting;
    const log = "log" in this.dataset ? { x_axis_type: "log" } : {};
    this.figure = figure({
      height: Number(this.dataset.height ?? 280),
      sizing_mode: "stretch_width",
      tools: "pan,box_zoom,xwheel_zoom,reset,save",
      toolbar_location: "right",
      output_backend: "canvas",
      ...log,
    });
    const f = this.figure;
    f.toolbar.logo = null;
    f.toolbar.autohide = true;
    f.toolbar.active_scroll = null; // the wheel scrolls the page
    f.xaxis[0].axis_label = this.dataset.x ?? "";
    f.yaxis[0].axis_label = this.dataset.y ?? "";
    if ("whole" in this.dataset) f.xaxis[0].ticker.min_interval = 1;
    this.paint();
    this.update();
    this.view = await show(f, this.plot);
    this.toggleAttribute("data-drawn", true);
  }

  /** The page's colours, also when the reader changes between light and dark. */
  paint() {
    const style = getComputedStyle(this);
    const colour = (name) => style.getPropertyValue(name).trim();
    const f = this.figure;
    f.background_fill_color = f.border_fill_color = colour("--surface");
    f.outline_line_color = null;
    const text = { text_color: colour("--muted"), text_font: "system-ui, sans-serif" };
    for (const axis of [f.xaxis[0], f.yaxis[0]]) {
      axis.axis_line_color = axis.major_tick_line_color = colour("--edge");
      axis.minor_tick_line_color = null;
      axis.major_label_text_color = axis.axis_label_text_color = text.text_color;
      axis.major_label_text_font = axis.axis_label_text_font = text.text_font;
      axis.axis_label_text_font_style = "normal";
    }
    for (const grid of [f.xgrid[0], f.ygrid[0]]) grid.grid_line_color = colour("--line");
    this.palette = Array.from({ length: COLOURS }, (_, n) => colour(`--curve-${n + 1}`));
    this.ink = colour("--muted");
    for (const line of this.lines.values()) this.tint(line);
    for (const mark of this.marks ?? []) mark.line_color = this.ink;
  }

  tint(line) {
    const colour = this.palette[line.number % COLOURS];
    line.button.style.setProperty("--curve", colour);
    for (const { glyph } of line.renderers) {
      glyph.line_color = colour;
      if (glyph.fill_color !== undefined) glyph.fill_color = colour;
    }
  }

  update() {
    const { series, marks } = this.shown;
    const wanted = new Set(series.map((one) => one.label));
    for (const [label, line] of this.lines) if (!wanted.has(label)) this.remove(label, line);
    for (const one of series) {
      const line = this.lines.get(one.label) ?? this.add(one);
      line.source.data = columns(one);
    }
    this.legend.hidden = series.length < 2;
    this.mark(marks);
  }

  add(one) {
    const { ColumnDataSource, HoverTool } = Bokeh;
    const source = new ColumnDataSource({ data: columns(one) });
    const number = this.lines.size;
    const points = one.kind === "points";
    const by = { source, x: { field: "x" }, y: { field: "y" } };
    const dash = DASHES[Math.floor(number / COLOURS) % DASHES.length];
    const renderers = [];
    if (one.low) {
      const band = { source, x: by.x, y1: { field: "low" }, y2: { field: "high" } };
      renderers.push(this.figure.varea({ ...band, fill_alpha: 0.2 }));
    }
    if (points) renderers.push(this.figure.scatter({ ...by, size: 10, line_width: 1, fill_alpha: 0.7 }));
    else if (one.kind === "step") renderers.push(this.figure.step({ ...by, mode: "after", line_width: 2, line_dash: dash }));
    else renderers.push(this.figure.line({ ...by, line_width: 2, line_dash: dash }));
    if (!points) renderers.push(this.figure.scatter({ ...by, size: 4 }));
    const x = this.dataset.x || "x";
    const told = [["", "@label"], ...(points ? [["", "@name"]] : []), [x, "@x_text"], [this.dataset.y || "y", "@y_text"]];
    this.figure.add_tools(new HoverTool({ renderers: [renderers.at(-1)], tooltips: told, mode: points ? "mouse" : "vline", visible: false }));
    const line = { source, renderers, number, button: this.addButton(one.label) };
    this.lines.set(one.label, line);
    this.tint(line);
    return line;
  }

  remove(label, line) {
    for (const renderer of line.renderers) renderer.visible = false;
    line.button.remove();
    this.lines.delete(label);
  }

  addButton(label) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label, className: "chart-key" });
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const visible = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(visible));
      for (const renderer of this.lines.get(label).renderers) renderer.visible = visible;
    });
    return this.legend.appendChild(button);
  }

  mark(marks) {
    this.marks ??= [];
    while (this.marks.length < marks.length) {
      const span = new Bokeh.Span({ dimension: "height", line_color: this.ink, line_dash: "dotted", location: 0 });
      this.figure.add_layout(span);
      this.marks.push(span);
    }
    this.marks.forEach((span, n) => {
      span.visible = n < marks.length;
      if (marks[n]) Object.assign(span, { location: marks[n].x, line_dash: marks[n].dash ?? "dotted" });
    });
  }

  addTable() {
    this.table = this.appendChild(document.createElement("details"));
    this.table.className = "as-table small";
    this.table.innerHTML = `<summary></summary><div class="scroll" tabindex="0" role="region"><table class="data"></table></div>`;
    this.table.firstChild.textContent = this.dataset.table;
    this.table.lastChild.setAttribute("aria-label", this.dataset.title);
    this.table.addEventListener("toggle", () => this.table.open && this.fillTable());
  }

  fillTable() {
    const table = document.createElement("table");
    table.className = "data";
    table.createCaption().textContent = this.dataset.title;
    const { series } = this.shown;
    const named = series.some((one) => one.names);
    const heads = [this.dataset.x ?? "", ...series.map((one) => one.label)];
    const row = (words, tag, parent) => {
      const line = parent.insertRow();
      words.forEach((word, n) => {
        const cell = document.createElement(n && tag === "td" ? "td" : "th");
        cell.scope = tag === "td" ? "row" : "col";
        if (cell.tagName === "TD") cell.removeAttribute("scope");
        cell.textContent = word;
        line.append(cell);
      });
    };
    row(heads, "th", table.createTHead());
    const body = table.createTBody();
    if (named) for (const one of series) one.x.forEach((x, n) => row([`${one.names[n]}: ${write(x)}`, ...series.map((other) => (other === one ? write(one.y[n]) : ""))], "td", body));
    else {
      const at = series.map((one) => new Map(one.x.map((x, n) => [x, one.y[n]])));
      const places = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
      for (const x of places) row([write(x), ...at.map((values) => write(values.get(x)))], "td", body);
    }
    this.table.querySelector("table").replaceWith(table);
  }
}

const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 4 });
const write = (value) => (value === undefined || value === null || Number.isNaN(value) ? "–" : numbers.format(value));

function columns(one) {
  const y = one.y.map((value) => value ?? NaN);
  const data = { x: one.x, y, label: one.x.map(() => one.label) };
  data.x_text = one.x.map(write);
  data.y_text = one.y.map(write);
  if (one.low) Object.assign(data, { low: one.low, high: one.high });
  if (one.names) data.name = one.names;
  return data;
}

customElements.define("data-chart", DataChart);
