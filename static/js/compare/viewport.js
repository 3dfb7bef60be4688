/**
 * One view for all panes: zoom, pan and crosshair by wheel, drag, pinch and buttons.
 *
 * Every stage holds a `.world`, the image with its layers, and gets the same CSS transform, so a
 * frame costs a few styles however many panes there are. Layers draw their lines once it rests.
 */
const MOST = 40;
const REST = 120; // milliseconds without a change
const CLICK = 5; // CSS pixels that a press may move and still be no drag
const CLOSE = 4; // CSS pixels for a pixel of the image, from which on pixels have edges

export class Viewport {
  constructor(board) {
    Object.assign(this, { board, state: board.state, fingers: new Map(), resting: 0, scrolled: -Infinity });
    const on = (type, handler, options) => board.grid.addEventListener(type, handler, options);
    on("wheel", (event) => this.wheeled(event), { passive: false });
    on("pointerdown", (event) => this.pressed(event));
    on("pointermove", (event) => this.moved(event));
    on("pointerup", (event) => this.lifted(event));
    on("pointercancel", (event) => this.fingers.delete(event.pointerId));
    on("pointerleave", () => this.state.set({ hover: "" }));
    on("dragstart", (event) => event.target.closest(".stage") && event.preventDefault());
    window.addEventListener("scroll", () => (this.scrolled = performance.now()));
    board.addEventListener("click", ({ target }) => {
      const zoom = target.closest("[data-zoom]")?.dataset.zoom;
      if (zoom) this.zoom(Number(zoom));
    });
    this.state.on("zoom x y", () => this.moving());
    this.state.on("hover cross", () => this.cross());
  }

  /** The part of the image that every pane shows, as fractions of its sides. */
  get view() {
    const { x, y } = this.state;
    const zoom = Math.min(Math.max(this.state.zoom, 1), MOST);
    const edge = (middle) => Math.min(Math.max(middle - 0.5 / zoom, 0), 1 - 1 / zoom);
    return { zoom, left: edge(x), top: edge(y) };
  }

  /** Zoom by a factor (0: out to the whole image) about a point of the stage, its middle at first. */
  zoom(factor, [across, down] = [0.5, 0.5]) {
    const { zoom, left, top } = this.view;
    const next = factor ? Math.min(Math.max(zoom * factor, 1), MOST) : 1;
    const middle = (edge, at) => edge + at / zoom + (0.5 - at) / next;
    this.go(next, middle(left, across), middle(top, down));
  }

  /** Move by fractions of what is in view. */
  pan(across, down) {
    const { zoom, left, top } = this.view;
    this.go(zoom, left + (0.5 + across) / zoom, top + (0.5 + down) / zoom);
  }

  go(zoom, x, y) {
    const inside = (middle) => Math.min(Math.max(middle, 0.5 / zoom), 1 - 0.5 / zoom);
    this.state.set({ zoom, x: inside(x), y: inside(y) });
  }

  /** Move the crosshair by steps of a few screen pixels, or of one pixel of the image. */
  step(across, down) {
    const { width, height } = this.board.data.image;
    const { zoom, left, top } = this.view;
    const [x, y] = this.state.pixel ?? [(left + 0.5 / zoom) * width, (top + 0.5 / zoom) * height];
    const size = Math.max(1, Math.round(width / zoom / 100));
    const inside = (at, all) => Math.min(Math.max(Math.floor(at), 0), all - 1);
    const to = [inside(x + across * size, width), inside(y + down * size, height)];
    this.state.set({ hover: "", cross: to.join(".") });
  }

  /** Give a pane that came or was resized the view. */
  apply() {
    const { zoom, left, top } = this.view;
    const transform = `scale(${zoom}) translate(${-100 * left}%, ${-100 * top}%)`;
    for (const world of this.board.grid.querySelectorAll(".world")) world.style.transform = transform;
    this.cross();
  }

  moving() {
    this.board.toggleAttribute("data-moving", true);
    this.apply();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST);
  }

  /** What is done only once the view has come to rest. */
  rest() {
    const { view, board } = this;
    board.toggleAttribute("data-moving", false);
    for (const layer of board.layers) layer.look(view);
    const shown = board.grid.querySelector(".stage:not(:empty)")?.clientWidth ?? 0;
    board.toggleAttribute("data-zoomed", view.zoom > 1);
    board.toggleAttribute("data-close", (shown * view.zoom) / board.data.image.width >= CLOSE);
    board.querySelector(".zoomed").textContent = `${Number(view.zoom.toFixed(view.zoom < 10 ? 1 : 0))}×`;
  }

  cross() {
    const { pixel } = this.state;
    const { width, height } = this.board.data.image;
    const { zoom, left, top } = this.view;
    const [x, y] = pixel ?? [0, 0];
    const across = ((x + 0.5) / width - left) * zoom;
    const down = ((y + 0.5) / height - top) * zoom;
    const seen = pixel && across >= 0 && across <= 1 && down >= 0 && down <= 1;
    for (const cross of this.board.grid.querySelectorAll(".cross")) {
      cross.hidden = !seen;
      cross.style.transform = `translate(${100 * across}%, ${100 * down}%)`;
    }
  }

  // pointers

  wheeled(event) {
    const stage = event.target.closest(".stage");
    const outward = event.deltaY > 0;
    const scrolling = performance.now() - this.scrolled < 250; // the page came by, go on with it
    if (!stage || scrolling || (outward && this.state.zoom === 1 && !event.ctrlKey)) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const delta = Math.max(-60, Math.min(60, event.deltaY * lines)) * (event.ctrlKey ? 2 : 1);
    this.zoom(Math.exp(-delta / 240), place(event, stage.getBoundingClientRect()));
  }

  pressed(event) {
    const stage = event.target.closest(".stage");
    if (!stage || event.button || event.target.closest("button, select, [role=slider]")) return;
    this.box = stage.getBoundingClientRect();
    this.fingers.set(event.pointerId, place(event, this.box));
    if (this.fingers.size === 1) this.travel = 0;
  }

  moved(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return this.hovered(event);
    const now = place(event, this.box);
    const [across, down] = [now[0] - before[0], now[1] - before[1]];
    this.travel += Math.hypot(across * this.box.width, down * this.box.height);
    this.fingers.set(event.pointerId, now);
    if (this.travel < CLICK) return;
    if (!event.target.hasPointerCapture(event.pointerId)) event.target.setPointerCapture(event.pointerId);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.pinched(before, now, other);
    else this.pan(-across, -down);
  }

  /** One of two fingers went from `before` to `now`: keep the image under both. */
  pinched(before, now, other) {
    const { width, height } = this.box;
    const apart = ([x, y]) => Math.hypot((x - other[0]) * width, (y - other[1]) * height);
    this.zoom(apart(now) / Math.max(apart(before), 1), other);
  }

  lifted(event) {
    const clicked = this.fingers.size === 1 && this.travel < CLICK;
    if (!this.fingers.delete(event.pointerId) || !clicked) return;
    this.state.set({ cross: this.pixel(place(event, this.box)), hover: "" });
    this.board.dispatchEvent(new Event("pin"));
  }

  hovered(event) {
    if (event.pointerType === "touch") return;
    const stage = event.target.closest(".stage");
    const box = stage?.getBoundingClientRect();
    this.state.set({ hover: stage ? this.pixel(place(event, box)) : "" });
  }

  pixel([across, down]) {
    const { width, height } = this.board.data.image;
    const { zoom, left, top } = this.view;
    const at = (edge, share, size) => Math.floor(Math.min((edge + share / zoom) * size, size - 1));
    return `${at(left, across, width)}.${at(top, down, height)}`;
  }
}

/** Where a pointer is in a box, as fractions of its sides. */
function place(event, box) {
  const inside = (share) => Math.min(Math.max(share, 0), 1);
  return [
    inside((event.clientX - box.left) / box.width),
    inside((event.clientY - box.top) / box.height),
  ];
}
