/**
 * The drawer: panels that look closer at the masks, each a module that is fetched when it is first
 * opened. A panel is a function of (board, its section) that may give back what to do when it opens.
 */
import { Api } from "./api.js";

const PANELS = {
  agreement: () => import("./panels/agreement.js"),
  truth: () => import("./panels/truth.js"),
  pixel: () => import("./panels/pixel.js"),
  ensemble: () => import("./panels/ensemble.js"),
  inside: () => import("./panels/inside.js"),
  speed: () => import("./panels/speed.js"),
};

export class Drawer {
  #opened = new Map(); // what each panel's function gave back

  constructor(board) {
    Object.assign(this, { board, state: board.state, root: board.querySelector(".drawer") });
    board.api = new Api(board.data);
    board.addEventListener("click", ({ target }) => {
      const button = target.closest("button[data-panel]");
      if (button) this.state.toggle("panel", button.dataset.panel);
      if (target.closest(".close")) this.state.set({ panel: "" });
    });
    this.state.on("panel", () => this.show());
    board.addEventListener("arrive", () => this.refresh());
    this.show();
  }

  get name() {
    return this.state.panel in PANELS ? this.state.panel : "";
  }

  show() {
    const { name, board, root } = this;
    root.hidden = !name;
    board.toggleAttribute("data-drawer", Boolean(name));
    for (const section of root.querySelectorAll("section")) section.hidden = section.dataset.panel !== name;
    for (const button of board.querySelectorAll(".tabs button")) {
      button.setAttribute("aria-expanded", button.dataset.panel === name);
    }
    if (!name) return;
    this.open(name);
    const covers = getComputedStyle(root).position === "fixed"; // a phone: keep an image in sight
    if (covers) board.grid.querySelector(".pane.current, .pane")?.scrollIntoView();
  }

  async open(name) {
    const section = this.root.querySelector(`section[data-panel="${name}"]`);
    const wait = section.querySelector(".progress");
    const fault = section.querySelector(".fault");
    wait.hidden = false;
    fault.hidden = true;
    try {
      const { panel } = await PANELS[name]();
      if (!this.#opened.has(name)) this.#opened.set(name, panel(this.board, section));
      await this.#opened.get(name)();
    } catch (refusal) {
      fault.textContent = refusal.message;
      fault.hidden = false;
    } finally {
      wait.hidden = true;
    }
  }

  /** More masks are there: an open panel shows them too. */
  refresh() {
    if (this.name && this.#opened.has(this.name)) this.open(this.name);
  }
}
