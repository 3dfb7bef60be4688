/** The bar's buttons and fields, the legends' classes and what is told about the map shown. */
import { element, fill } from "./elements.js";

export class Controls {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    board.controls = this;
    board.addEventListener("click", (event) => this.pressed(event));
    board.addEventListener("input", ({ target }) => this.changed(target));
    board.addEventListener("arrive", () => this.show());
    this.state.on("view swipe map bare truth mode opacity off", () => this.show());
    this.state.on("map", () => this.tell());
    this.show();
    this.tell();
  }

  pressed({ target, altKey }) {
    const button = target.closest("button");
    if (!button) return;
    const { view, only, mode, off, alone, step, clear } = button.dataset;
    if (view === "all") this.all();
    else if (view) this.view(view);
    if (only) this.state.toggle(only);
    if (mode) this.state.set({ mode });
    if (off) altKey ? this.only(off) : this.toggle(off);
    if (alone) this.only(alone);
    if (step) this.step(Number(step));
    if (clear) this.state.set({ map: "" });
  }

  /** All panes side by side, without a map that takes the place of them all. */
  all() {
    this.state.set(this.alone(""));
  }

  /** Show a pane alone, or again all. */
  view(number) {
    this.state.set(this.alone(number));
  }

  /** The change that does so; a pane that shares its image with another is not alone yet. */
  alone(number) {
    const { halves, mapOfEach: map } = this.state;
    return { view: this.board.alone === number && !halves ? "" : number, swipe: "", map };
  }

  /** The next pane alone, or the one before, in the order shown. */
  step(by) {
    const numbers = this.board.panes.map((pane) => pane.dataset.number);
    const at = numbers.indexOf(this.board.alone);
    const next = at < 0 && by < 0 ? numbers.length - 1 : (at + by + numbers.length) % numbers.length;
    this.view(numbers[next]);
  }

  /** Show one class alone, or again all. */
  only(name) {
    const names = new Set(this.board.data.lists.flat().map((entry) => entry.name));
    names.delete(name);
    const off = [...names].join();
    this.state.set({ off: this.state.off === off ? "" : off });
  }

  /** Hide a class in all panes, or show it again. */
  toggle(name) {
    const { hidden } = this.state;
    if (!hidden.delete(name)) hidden.add(name);
    this.state.set({ off: [...hidden].join() });
  }

  changed(field) {
    if (field.name === "opacity") this.state.set({ opacity: Number(field.value) });
  }

  show() {
    const { board, state } = this;
    const { hidden } = state;
    board.dataset.mode = state.mode;
    board.toggleAttribute("data-bare", Boolean(state.bare) && !state.truth);
    board.style.setProperty("--opacity", state.opacity / 100);
    board.querySelector("[name=opacity]").value = state.opacity;
    const alone = state.halves ? "" : board.alone || "all";
    const pressed = ({ view, only, mode, off }) =>
      view ? view === alone : only ? Boolean(state[only]) : mode ? mode === state.mode : !hidden.has(off);
    for (const button of board.querySelectorAll("button:is([data-view], [data-only], [data-mode], [data-off])")) {
      button.setAttribute("aria-pressed", pressed(button.dataset));
    }
  }

  /** Say which map takes the masks' place, and what its colours mean. */
  async tell() {
    const { map } = this.state;
    const strip = this.board.querySelector(".told");
    strip.hidden = !map;
    if (!map) return;
    const about = await this.board.maps.about(map).catch(() => null);
    if (map !== this.state.map) return;
    if (!about) return this.state.set({ map: "" }); // the address names what is not there
    const { title, key } = about;
    strip.querySelector(".told-title").textContent = title;
    fill(strip.querySelector(".told-key"), key.map(({ colour, label, count }) =>
      element("li", {}, swatch(colour), element("span", {}, label),
        count === undefined ? "" : element("span", { className: "number muted" }, count.toLocaleString()))));
  }
}

/** A class's colour as a small square, as the server draws it. */
export function swatch(colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 10 10");
  svg.setAttribute("aria-hidden", "true");
  svg.innerHTML = `<rect width="10" height="10" fill="${colour}"/>`;
  return svg;
}
