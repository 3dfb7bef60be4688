/** The bar's buttons and fields, the legends' classes and what is told about the map shown. */
import { element, fill } from "./elements.js";

export class Controls {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    board.addEventListener("click", (event) => this.pressed(event));
    board.addEventListener("input", ({ target }) => this.changed(target));
    board.addEventListener("arrive", () => this.show());
    this.state.on("view swipe bare truth mode opacity off", () => this.show());
    this.state.on("map", () => this.tell());
    this.show();
    this.tell();
  }

  pressed({ target }) {
    const button = target.closest("button");
    if (!button) return;
    const { view, only, mode, off, clear } = button.dataset;
    if (view === "all") this.state.set({ view: "", swipe: "" });
    else if (view) this.view(view);
    if (only) this.state.toggle(only);
    if (mode) this.state.set({ mode });
    if (off) this.toggle(off);
    if (clear) this.state.set({ map: "" });
  }

  /** Show a pane alone, or again all. */
  view(number) {
    this.state.set({ swipe: "", view: this.state.view === number ? "" : number });
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
    const alone = state.swipe ? "" : state.view || "all";
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
