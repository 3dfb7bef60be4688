/** What the models cost beside what they score: a sortable table and a small scatter. */
import { duration, element, fill, number } from "../elements.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, EDGE] = [320, 200, 34];

export function panel(board, section, texts) {
  const { data } = board;
  let rows = [];
  let order = { name: "latency_ms", down: false };
  const draw = () => fill(section.querySelector(".costs"), [table(rows, order, texts)]);
  section.addEventListener("click", ({ target }) => {
    const name = target.closest("[data-sort]")?.dataset.sort;
    if (!name) return;
    order = { name, down: name === order.name && !order.down };
    draw();
    section.querySelector(`[data-sort="${name}"]`).focus();
  });

  return async () => {
    const { predictions } = await board.api.get(`comparisons/${data.comparison}/`);
    rows = data.panes.filter(({ prediction }) => prediction).map((pane) => {
      const answer = predictions.find(({ id }) => id === pane.prediction);
      return { ...answer, ...pane, miou: answer.scores?.miou ?? null };
    });
    draw();
    const measured = rows.filter(({ latency_ms: time, miou }) => time && miou !== null);
    section.querySelector("figure").hidden = measured.length < 2;
    if (measured.length > 1) fill(section.querySelector(".scatter"), [scatter(measured, texts)]);
  };
}

function table(rows, order, texts) {
  const columns = {
    number: [texts.model, (row) => `${row.number} ${row.title}`],
    latency_ms: [texts.warm, (row) => duration(row.latency_ms)],
    load_ms: [texts.cold, (row) => duration(row.load_ms)],
    parameters: [texts.parameters, (row) => `${number(row.parameters / 1e6, row.parameters < 1e7 ? 2 : 1)} M`],
    gmacs: [texts.gmacs, (row) => (row.gmacs === null ? "–" : `${number(row.gmacs, 1)} G`)],
    memory_bytes: [texts.memory, (row) => (row.memory_bytes ? `${number(row.memory_bytes / 2 ** 20)} MB` : "–")],
    ...(rows.some(({ miou }) => miou !== null) && { miou: ["mIoU", (row) => (row.miou === null ? "–" : number(100 * row.miou, 1))] }),
  };
  const worth = (row) => row[order.name] ?? Infinity;
  const sorted = [...rows].sort((one, other) => (worth(one) - worth(other) || 0) * (order.down ? -1 : 1));
  const head = Object.entries(columns).map(([name, [title]]) => {
    const button = element("button", { type: "button", className: "sort" }, title);
    button.dataset.sort = name;
    const direction = order.down ? "descending" : "ascending";
    return element("th", { scope: "col", "aria-sort": name === order.name ? direction : "none" }, button);
  });
  const cells = (row) => Object.entries(columns).map(([name, [, form]]) =>
    name === "number" ? element("th", { scope: "row" }, form(row)) : element("td", { className: "number" }, form(row)));
  return element("table", { className: "figures" },
    element("caption", {}, texts.costs),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...sorted.map((row) => element("tr", {}, ...cells(row)))));
}

/** Time to the right (a logarithm, since networks differ by factors), mIoU upwards. */
function scatter(rows, texts) {
  const scale = (values, from, to) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return (value) => from + ((value - least) / (most - least || 1)) * (to - from);
  };
  const x = scale(rows.map((row) => Math.log(row.latency_ms)), EDGE + 12, WIDE - 24);
  const y = scale(rows.map((row) => row.miou), HIGH - EDGE - 12, 16);
  const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": texts.scatter });
  svg.append(
    shape("path", { class: "axis", d: `M${EDGE} 8V${HIGH - EDGE}H${WIDE - 8}` }),
    ...extremes(rows, "miou", (v) => number(100 * v, 0)).map(([v, text]) =>
      shape("text", { x: EDGE - 6, y: y(v) + 4, "text-anchor": "end" }, text)),
    ...extremes(rows, "latency_ms", duration).map(([v, text]) =>
      shape("text", { x: x(Math.log(v)), y: HIGH - EDGE + 16, "text-anchor": "middle" }, text)),
    ...rows.map((row) => {
      const point = shape("g", { transform: `translate(${x(Math.log(row.latency_ms))} ${y(row.miou)})` });
      point.append(shape("circle", { r: 9 }), shape("text", { y: 4, "text-anchor": "middle" }, row.number),
        shape("title", {}, `${row.title}: ${duration(row.latency_ms)}, ${number(100 * row.miou, 1)}`));
      return point;
    }),
  );
  return svg;
}

/** The least and the greatest value of a column, with how they are written. */
function extremes(rows, name, form) {
  const values = rows.map((row) => row[name]);
  return [...new Set([Math.min(...values), Math.max(...values)])].map((value) => [value, form(value)]);
}

function shape(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(text);
  return made;
}
