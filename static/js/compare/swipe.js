/**
 * Two models over one image: beside a divider, which pointers drag and arrow keys move, the
 * current pane shows another pane's mask.
 */
import { element } from "./elements.js";

export class Swipe {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    board.swipe = this;
    this.half = board.querySelector("template.swipe").content.firstElementChild;
    this.state.on("swipe map", () => this.show());
    this.state.on("at", () => this.divide());
    board.addEventListener("arrive", () => this.show());
    board.addEventListener("click", ({ target }) => target.closest("[data-swipe]") && this.toggle());
    board.addEventListener("change", ({ target }) => this.chosen(target));
  }

  /** Swipe between the pane that is shown (else the first) and the next one; or stop. */
  toggle() {
    const numbers = this.board.data.panes.map((pane) => pane.number);
    if (this.state.halves || numbers.length < 2) return this.leave();
    const at = Math.max(numbers.indexOf(Number(this.state.view)), 0);
    const pair = [numbers[at], numbers[(at + 1) % numbers.length]];
    return this.state.set({ swipe: pair.join("."), map: this.state.mapOfEach });
  }

  /** Back to one mask a pane; a map of two goes with its swipe. */
  leave() {
    const { map } = this.state;
    return this.state.set({ swipe: "", map: /^(pair|swap)/.test(map) ? "" : map });
  }

  /** Other models: "who is right" is asked of them, a swap of two others is another one. */
  chosen(select) {
    if (!["left", "right"].includes(select.name)) return;
    const [left, right] = this.state.halves.split(".");
    const pair = select.name === "left" ? `${select.value}.${right}` : `${left}.${select.value}`;
    const [kind] = this.state.map.split(".");
    this.state.set({ swipe: pair, map: { pair: `pair.${pair}`, swap: "" }[kind] ?? this.state.map });
  }

  show() {
    const swipe = this.state.halves;
    const button = this.board.querySelector("button[data-swipe]"); // one model has none
    button?.setAttribute("aria-pressed", Boolean(swipe));
    const [left, right] = swipe.split(".");
    const stage = this.board.grid.querySelector(`#pane-${CSS.escape(left)} .stage`);
    const there = this.board.grid.querySelector(".halves");
    if (swipe && there?.dataset.pair === swipe && stage?.contains(there)) return;
    const focused = document.activeElement?.name;
    there?.remove();
    if (!swipe || !stage || !this.board.layer(right)) return;
    stage.append(this.halves(stage, left, right));
    stage.querySelector(".halves").dataset.pair = swipe;
    this.divide();
    this.board.arrange();
    this.board.lines();
    this.board.paint([stage.querySelector(".halves mask-layer")]);
    if (focused) stage.querySelector(`[name=${CSS.escape(focused)}]`)?.focus();
  }

  halves(stage, left, right) {
    const halves = this.half.cloneNode(true);
    const world = halves.querySelector(".world");
    const layer = element("mask-layer");
    layer.dataset.number = right;
    layer.dataset.label = this.board.pane(right).title;
    layer.mask = this.board.layer(right).read();
    world.append(stage.querySelector(".photo").cloneNode(), layer);
    for (const [name, number] of [["left", left], ["right", right]]) {
      const select = halves.querySelector(`[name=${name}]`);
      const options = this.board.data.panes.map((pane) => new Option(pane.title, pane.number));
      select.append(...options);
      select.value = number;
    }
    const divider = halves.querySelector(".divider");
    divider.addEventListener("pointerdown", (event) => {
      divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      divider.focus();
    });
    divider.addEventListener("pointermove", (event) => this.dragged(event, stage));
    divider.addEventListener("keydown", (event) => this.key(event));
    return halves;
  }

  dragged(event, stage) {
    if (!event.target.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    this.move((100 * (event.clientX - box.left)) / box.width);
  }

  key(event) {
    const { at } = this.state;
    const to = { ArrowLeft: at - 2, ArrowRight: at + 2, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(to);
  }

  move(at) {
    this.state.set({ at: Math.min(Math.max(at, 0), 100) });
  }

  divide() {
    const halves = this.board.grid.querySelector(".halves");
    if (!halves) return;
    const { at } = this.state;
    halves.querySelector(".half").style.clipPath = `inset(0 0 0 ${at}%)`;
    halves.querySelector(".divider").style.insetInlineStart = `${at}%`;
    halves.querySelector(".divider").setAttribute("aria-valuenow", Math.round(at));
  }
}
