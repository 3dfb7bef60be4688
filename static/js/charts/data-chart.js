/**
 * <data-chart>: lines or points by Bokeh, in the colours of the page, with the same numbers as a
 * table that opens beneath. Drawn once it comes into view.
 *
 * `show(series)` or the JSON script that data-series names give what to draw: a list of
 * {label, x, y, kind: "line" | "step" | "points", low, high}; null leaves a gap, low and
 * high make a band; `colour`, counted from 0, is a line's own in all charts that it is drawn in.
 * `marks` are {x, dash}: vertical lines.
 */
import { date, element, tableOf, write } from "./chart-table.js";

const DASHES = ["solid", "dashed", "dotted"];
const MARKS = [["circle", "●"], ["square", "■"], ["triangle", "▲"]];
const COLOURS = 8;
const MOST_TOLD = 6; // lines whose values are told at once
const FONT = "system-ui, sans-serif";
const dark = matchMedia("(prefers-color-scheme: dark)");

class DataChart extends HTMLElement {
  connectedCallback() {
    this.shown = { series: [], marks: [] };
    this.hiddenLabels = new Set();
    this.place = "time" in this.dataset ? date : write;
    this.plot = this.part("div", "plot");
    this.plot.setAttribute("aria-hidden", "true"); // the table says the same
    this.keys = this.part("div", "chart-legend");
    this.table = this.part("details", "as-table small");
    this.table.append(element("summary", this.dataset.table), this.tablePlace());
    this.table.addEventListener("toggle", () => this.table.open && this.fillTable());
    this.looking = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      this.looking.disconnect();
      this.seen = true;
      this.refresh();
    });
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

  part(tag, look) {
    const made = this.appendChild(document.createElement(tag));
    made.className = look;
    return made;
  }

  show(series, marks = []) {
    this.shown = { series, marks };
    this.dataset.points = Math.max(0, ...series.map((one) => one.x.length));
    this.refresh();
    if (this.table.open) this.fillTable();
  }

  /** What x is, where the reader can choose it. */
  axis(name) {
    this.dataset.x = name;
    if (this.figure) this.figure.xaxes[0].axis_label = name;
  }

  /** Draw what is shown now: further points of the same lines, or, for other lines, anew. */
  async refresh() {
    this.stale = true;
    if (!this.seen || this.drawing) return;
    this.drawing = true;
    while (this.stale) {
      this.stale = false;
      const { series, marks } = this.shown;
      if (!series.some((one) => one.x.length)) continue;
      const lines = JSON.stringify([series.map(({ label, low }) => [label, !low]), marks.length]);
      if (lines === this.lines) this.update();
      else await this.build();
      this.lines = lines;
    }
    this.drawing = false;
  }

  update() {
    const { series, marks } = this.shown;
    series.forEach((one, n) => (this.sources[n].data = this.columns(one)));
    marks.forEach(({ x, dash }, n) => Object.assign(this.spans[n], { location: x, line_dash: dash }));
  }

  async build() {
    const { series, marks } = this.shown;
    this.view?.remove();
    const f = Bokeh.Plotting.figure({
      height: Number(this.dataset.height ?? 280),
      sizing_mode: "stretch_width",
      tools: "pan,box_zoom,xwheel_zoom,reset,save",
      x_axis_type: "log" in this.dataset ? "log" : "time" in this.dataset ? "datetime" : "linear",
    });
    f.toolbar.logo = null;
    f.toolbar.autohide = true;
    f.toolbar.active_scroll = null; // the wheel scrolls the page
    f.xaxes[0].axis_label = this.dataset.x;
    f.yaxes[0].axis_label = this.dataset.y;
    f.y_range.default_span = Math.max(...series.flatMap(({ y }) => y)) || 1; // of a level line
    if ("whole" in this.dataset) f.xaxes[0].ticker.min_interval = 1;
    this.figure = f;
    this.colours = series.map((one, n) => one.colour ?? n);
    this.sources = series.map((one) => new Bokeh.ColumnDataSource({ data: this.columns(one) }));
    this.glyphs = series.map((one, n) => this.renderers(one, this.sources[n], this.colours[n]));
    this.keys.replaceChildren(...series.map(({ label, kind }, n) => this.key(label, n, kind, this.colours[n])));
    this.keys.hidden = series.length < 2;
    f.add_tools(this.hover(series));
    const span = ({ x, dash }) =>
      new Bokeh.Span({ dimension: "height", location: x, line_dash: dash });
    this.spans = marks.map(span);
    for (const span of this.spans) f.add_layout(span);
    this.paint();
    this.view = await Bokeh.Plotting.show(f, this.plot);
    passOver(this.plot);
    this.toggleAttribute("data-drawn", true);
  }

  /** The page's colours, also when the reader changes between light and dark. */
  paint() {
    const style = getComputedStyle(this);
    const colour = (name) => style.getPropertyValue(name).trim();
    const f = this.figure;
    f.background_fill_color = f.border_fill_color = colour("--surface");
    f.outline_line_color = null;
    for (const axis of [f.xaxes[0], f.yaxes[0]]) {
      axis.axis_line_color = axis.major_tick_line_color = colour("--edge");
      axis.minor_tick_line_color = null;
      axis.major_label_text_color = axis.axis_label_text_color = colour("--muted");
      axis.major_label_text_font = axis.axis_label_text_font = FONT;
      axis.axis_label_text_font_style = "normal";
      axis.major_label_policy = new Bokeh.NoOverlap(); // those of a log axis crowd at its end
    }
    for (const grid of [f.xgrids[0], f.ygrids[0]]) grid.grid_line_color = colour("--line");
    for (const span of this.spans) span.line_color = colour("--muted");
    this.glyphs.forEach((renderers, n) => {
      const ink = colour(`--curve-${(this.colours[n] % COLOURS) + 1}`);
      for (const { glyph } of renderers) {
        if ("line_color" in glyph) glyph.line_color = ink;
        if ("fill_color" in glyph) glyph.fill_color = ink;
      }
    });
  }

  renderers(one, source, number) {
    const f = this.figure;
    const visible = !this.hiddenLabels.has(one.label);
    const by = { source, visible, x: { field: "x" }, y: { field: "y" } };
    if (one.kind === "points") return [f.scatter({ ...by, marker: markOf(number)[0], size: 11, fill_alpha: 0.7 })];
    const band = { y1: { field: "low" }, y2: { field: "high" }, fill_alpha: 0.2 };
    const stroke = { ...by, line_width: 2, line_dash: dashOf(number) };
    return [
      ...(one.low ? [f.varea({ source, visible, x: by.x, ...band })] : []),
      one.kind === "step" ? f.step({ ...stroke, mode: "after" }) : f.line(stroke),
      f.scatter({ ...by, size: one.x.length > 100 ? 2 : 4 }),
    ];
  }

  hover(series) {
    const upright = series.length <= MOST_TOLD && series[0].kind !== "points";
    return new Bokeh.HoverTool({
      renderers: this.glyphs.map((renderers) => renderers.at(-1)),
      tooltips: [
        ["", "@label"],
        [this.dataset.x || "x", "@x_text"],
        [this.dataset.y || "y", "@y_text"],
      ],
      mode: upright ? "vline" : "mouse",
      visible: false,
    });
  }

  /** A button that names a line and takes it out of the drawing. */
  key(label, number, kind, colour) {
    const key = element("button", label);
    Object.assign(key, { type: "button", className: "chart-key" });
    key.style.setProperty("--curve", `var(--curve-${(colour % COLOURS) + 1})`);
    if (kind === "points") key.dataset.mark = markOf(colour)[1];
    else key.style.setProperty("--dash", dashOf(colour));
    const press = () => key.setAttribute("aria-pressed", String(!this.hiddenLabels.has(label)));
    press();
    key.addEventListener("click", () => {
      if (!this.hiddenLabels.delete(label)) this.hiddenLabels.add(label);
      press();
      const visible = !this.hiddenLabels.has(label);
      for (const renderer of this.glyphs[number]) renderer.visible = visible;
    });
    return key;
  }

  columns(one) {
    const data = {
      x: one.x,
      y: one.y.map((value) => value ?? NaN),
      label: one.x.map(() => one.label),
      x_text: one.x.map(this.place),
      y_text: one.y.map(write),
    };
    if (one.low) Object.assign(data, { low: one.low, high: one.high });
    return data;
  }

  tablePlace() {
    const scroll = element("div", "");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", this.dataset.title);
    return scroll;
  }

  fillTable() {
    const { x, title } = this.dataset;
    this.table.lastChild.replaceChildren(tableOf(this.shown.series, { x, title, place: this.place }));
  }
}

/** Nothing inside takes the keyboard's focus: readers are told of the table instead. */
function passOver(root) {
  for (const part of root.querySelectorAll("*")) {
    if (part.tabIndex >= 0) part.tabIndex = -1;
    if (part.shadowRoot) passOver(part.shadowRoot);
  }
}

const dashOf = (number) => DASHES[Math.floor(number / COLOURS) % DASHES.length];
const markOf = (number) => MARKS[Math.floor(number / COLOURS) % MARKS.length];

customElements.define("data-chart", DataChart);
