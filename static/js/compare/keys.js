/**
 * The page by keyboard alone. Keys that blink (1–9, 0, T) hold what they show while they are held
 * for long, and else leave it until they are pressed again.
 */
const LONG = 400; // milliseconds
const PAN = 0.1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TAKES_ARROWS = "input, select, textarea, [role=slider], [role=tab]";
const TAKES_KEYS = "input:not([type=range], [type=checkbox]), textarea, select";

export class Keys {
  constructor(board) {
    Object.assign(this, { board, state: board.state, held: null });
    this.help = board.querySelector("dialog.keys");
    document.addEventListener("keydown", (event) => this.down(event));
    document.addEventListener("keyup", (event) => this.up(event));
    board.addEventListener("click", ({ target }) => target.closest("[data-help]") && this.help.showModal());
  }

  down(event) {
    if (event.defaultPrevented) return; // Escape closed a menu
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    if (event.key !== "Escape" && event.target.closest(TAKES_KEYS)) return;
    if (this.blink(event) || this.move(event) || this.other(event)) event.preventDefault();
  }

  up({ key, timeStamp }) {
    if (this.held?.key === key && timeStamp - this.held.since > LONG) this.state.set(this.held.before);
    if (this.held?.key === key) this.held = null;
  }

  blink({ key, repeat, timeStamp }) {
    const change = this.change(key.toLowerCase());
    if (!change) return false;
    if (repeat) return true;
    const before = Object.fromEntries(Object.keys(change).map((name) => [name, this.state[name]]));
    this.held = { key, since: timeStamp, before };
    this.state.set(change);
    return true;
  }

  change(key) {
    const { bare, truth } = this.state;
    if (key === "0") return { bare: bare ? "" : "1" };
    if (key === "t" && this.board.data.image.truth) return { truth: truth ? "" : "1" };
    if (!/^[1-9]$/.test(key) || !this.board.pane(key)) return null;
    return this.board.controls.alone(key);
  }

  move({ key, shiftKey, target }) {
    const arrow = ARROWS[key];
    const { viewport } = this.board;
    if (!arrow || target.closest(TAKES_ARROWS)) return false;
    if (shiftKey) viewport.step(...arrow);
    else if (this.state.zoom > 1) viewport.pan(PAN * arrow[0], PAN * arrow[1]);
    else return false;
    return true;
  }

  other({ key }) {
    const { board, state } = this;
    const doing = {
      a: () => board.controls.all(),
      o: () => state.set({ mode: "overlay" }),
      c: () => state.set({ mode: "contours" }),
      m: () => state.set({ mode: "mask" }),
      s: () => board.swipe.toggle(),
      l: () => board.classTable.toggle(),
      f: () => board.viewport.zoom(0),
      "+": () => board.viewport.zoom(1.25),
      "=": () => board.viewport.zoom(1.25),
      "-": () => board.viewport.zoom(0.8),
      "?": () => this.help.showModal(),
      escape: () => this.leave(),
    }[key.toLowerCase()];
    doing?.();
    return Boolean(doing);
  }

  /** Escape: away with the map, then with crosshair and panel, then back to all panes. */
  leave() {
    const { map, cross, panel } = this.state;
    if (map) this.state.set({ map: "" });
    else if (cross || panel) this.state.set({ cross: "", hover: "", panel: "" });
    else this.state.set({ view: "", swipe: "", hover: "" });
  }
}
