/**
 * <grid-figure data-kind data-map>: a map of a few cells and what a layer makes of it, step by step.
 * A cell of the last map is chosen by pointer or arrow keys; what it is made of is marked in the maps
 * before. Cells of the first map count up when they are clicked. Without this script the figure is
 * the still picture that the page came with.
 */
import { say } from "../compare/elements.js";
import { steps } from "./operations.js";

const language = document.documentElement.lang;
const SVG = "http://www.w3.org/2000/svg";
const CELL = 36;
const LONGEST = 4; // terms of a sum that is written out
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

class GridFigure extends HTMLElement {
  connectedCallback() {
    this.map = JSON.parse(this.dataset.map);
    this.pictures = [...this.querySelectorAll("svg")];
    this.told = this.querySelector("output");
    this.control = this.querySelector("fieldset");
    this.control.hidden = false;
    this.control.addEventListener("input", () => this.compute());
    this.chosen = this.dataset.cell.split(" ").map(Number);
    this.edited = [0, 0];
    this.operable(this.pictures[0], () => this.edited, (cell) => this.edit(cell));
    this.operable(this.pictures.at(-1), () => this.chosen, (cell) => this.choose(cell));
    this.pictures[0].addEventListener("click", ({ target }) => this.count(cellOf(target)));
    this.pictures[0].addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.count(this.edited);
    });
    this.pictures.at(-1).addEventListener("pointerover", ({ target }) => this.choose(cellOf(target)));
    this.pictures.at(-1).addEventListener("click", ({ target }) => this.choose(cellOf(target)));
    this.compute();
  }

  /** Arrow keys move on `picture` from where `place()` is. */
  operable(picture, place, move) {
    picture.setAttribute("tabindex", "0");
    picture.setAttribute("role", "application");
    picture.setAttribute("aria-label", `${picture.getAttribute("aria-label")}. ${picture.dataset.keys}`);
    picture.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      move(place().map((at, axis) => at + step[axis]));
    });
  }

  /** What is chosen in the figure. */
  get choice() {
    const slider = this.control.querySelector("[type=range]");
    if (!slider) return this.control.querySelector(":checked").value;
    const choice = slider.dataset.values.split(" ")[slider.value];
    this.control.querySelector(".at").textContent = choice;
    slider.setAttribute("aria-valuetext", choice);
    return choice;
  }

  compute() {
    this.steps = steps(this.dataset.kind, this.map, this.choice);
    this.draw();
  }

  count(cell) {
    if (!cell) return;
    const [row, column] = cell;
    this.map[row][column] = (this.map[row][column] + 1) % 10;
    this.edited = cell;
    this.compute();
    this.told.textContent = this.placed(cell, this.map);
  }

  edit(cell) {
    if (!(cell && this.map[cell[0]]?.[cell[1]] !== undefined)) return;
    this.edited = cell;
    this.draw();
    this.told.textContent = this.placed(cell, this.map);
  }

  choose(cell) {
    const { rows } = this.steps.at(-1);
    if (!(cell && rows[cell[0]]?.[cell[1]] !== undefined)) return;
    // Drawn anew, a cell comes under the pointer once more.
    if (String(cell) === String(this.chosen)) return;
    this.chosen = cell;
    this.draw();
  }

  draw() {
    let reached = [this.chosen];
    for (const [at, { rows, taps }] of [...this.steps.entries()].reverse()) {
      const marks = new Set(reached.map(String));
      const cursor = { 0: this.edited, [this.steps.length - 1]: this.chosen }[at];
      draw(this.pictures[at], rows, marks, String(cursor));
      reached = reached.flatMap(([row, column]) => taps(row, column));
      reached = reached.map(([row, column]) => [row, column]);
    }
    this.told.textContent = this.sentence();
  }

  placed([row, column], rows) {
    const value = written(rows[row][column]);
    return say(this.dataset.value, { row: row + 1, column: column + 1, value });
  }

  /** The chosen cell, and the sum that it is. */
  sentence() {
    const [before, last] = this.steps.slice(-2);
    const taps = last.taps(...this.chosen);
    const from = say(this.dataset.from, { count: taps.length });
    const terms = taps.map(([row, column, weight]) =>
      `${written(weight)} · ${written(before.rows[row][column])}`);
    const sum = taps.length > LONGEST ? from : terms.join(" + ");
    return `${this.placed(this.chosen, last.rows)} = ${sum || this.dataset.none}`;
  }
}

/** The [row, column] of what was pointed at. */
function cellOf(target) {
  return target.closest(".cell")?.dataset.cell.split(",").map(Number);
}

/** In three digits where it has so many, as lineage/figures.py writes it too. */
function written(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const rounded = Math.floor(Number(value.toFixed(5)) * 10 ** digits + 0.5) / 10 ** digits;
  return rounded.toLocaleString(language);
}

/** As templates/lineage/_figure.html draws it. */
function draw(picture, rows, marks, cursor) {
  const [wide, high] = [rows[0].length * CELL, rows.length * CELL];
  picture.setAttribute("viewBox", `-1 -1 ${wide + 2} ${high + 2}`);
  picture.setAttribute("width", wide);
  const largest = Math.max(1, ...rows.flat().map(Math.abs));
  const cells = rows.flatMap((line, row) => line.map((value, column) => {
    const place = `${row},${column}`;
    const cell = made("g", { class: marks.has(place) ? "cell reached" : "cell", "data-cell": place });
    if (place === cursor) cell.classList.add("cursor");
    const corner = { x: column * CELL, y: row * CELL, width: CELL, height: CELL };
    const shade = (0.5 * Math.abs(value)) / largest;
    const text = made("text", { x: (column + 0.5) * CELL, y: (row + 0.5) * CELL });
    text.textContent = written(value);
    cell.append(made("rect", { ...corner, class: "shade", "fill-opacity": shade.toFixed(3) }), text);
    return cell;
  }));
  // What lies last is drawn on top: frames of marked cells are not cut by their neighbours'.
  const rank = ({ classList }) => classList.contains("reached") + 2 * classList.contains("cursor");
  picture.replaceChildren(...cells.sort((a, b) => rank(a) - rank(b)));
}

function made(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  return node;
}

customElements.define("grid-figure", GridFigure);
