/**
 * The drawer: panels that look closer at the masks. Each is a section that names its module, which
 * is fetched when the panel is first opened and exports `panel`: a function of (board, section,
 * texts) that gives back what to do whenever the panel opens. `texts` are the section's own.
 *
 * Whoever opens a panel is taken into it, and back to its tab once it closes.
 */
import { Api } from "./api.js";

export class Drawer {
  #opened = new Map(); // what each panel's function gave back

  constructor(board) {
    Object.assign(this, { board, state: board.state, root: board.querySelector(".drawer") });
    board.api = new Api(board.data);
    this.sections = new Map([...this.root.querySelectorAll("section")].map((s) => [s.dataset.panel, s]));
    board.addEventListener("click", ({ target }) => {
      const button = target.closest("button[data-panel]");
      if (button) this.state.toggle("panel", button.dataset.panel);
      if (target.closest(".close")) this.state.set({ panel: "" });
    });
    this.state.on("panel", () => this.show(true));
    board.addEventListener("arrive", () => this.refresh());
    this.show(false);
  }

  get name() {
    return this.sections.has(this.state.panel) ? this.state.panel : "";
  }

  /** Show the panel that the state names; `led` into it, unless the page begins with it. */
  show(led) {
    const { name, board, root } = this;
    const within = root.contains(document.activeElement);
    const section = this.sections.get(name);
    const former = board.querySelector(".tabs [data-panel][aria-expanded=true]");
    root.hidden = !name;
    board.dataset.drawer = name ? (section.dataset.wide ? "below" : "side") : "";
    for (const [panel, each] of this.sections) each.hidden = panel !== name;
    for (const button of board.querySelectorAll(".tabs [data-panel]")) {
      button.setAttribute("aria-expanded", button.dataset.panel === name);
    }
    if (!name) {
      if (within) former?.focus();
      return;
    }
    this.open(name);
    if (led) section.querySelector("h2").focus({ preventScroll: true });
    const covers = getComputedStyle(root).position === "fixed"; // a phone: keep an image in sight
    if (covers) board.grid.querySelector(".pane.current, .pane")?.scrollIntoView();
  }

  async open(name) {
    const section = this.sections.get(name);
    const wait = section.querySelector(".progress");
    const fault = section.querySelector(".fault");
    wait.hidden = false;
    fault.hidden = true;
    try {
      const { panel } = await import(section.dataset.module).catch((fault) => {
        throw fault instanceof TypeError ? new Error(this.board.data.texts.offline) : fault;
      });
      const texts = section.querySelector(".texts")?.dataset;
      if (!this.#opened.has(name)) this.#opened.set(name, panel(this.board, section, texts));
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
