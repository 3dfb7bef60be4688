/**
 * Where panes stand: as large as they can be while all of them are in view, each as wide as its
 * image. The classes, or a panel, stand beside them; a panel with wide tables stands beneath.
 */
const LEAST = 150; // CSS pixels: with smaller images the page scrolls instead
const HEAD = 26; // as compare.css has it, like the next four
const TALL = 38; // a head of two lines, where the window's height has room to spare
const GAP = 6;
const CLASSES = 188;
const PANEL = 400;
const PEEK = 28; // how much of the next model a phone shows
const NARROW = 300; // a pane whose head is short for name and standing
const AMPLE = 360; // a pane whose head, over its image, holds the longest name beside a standing
const wide = matchMedia("(min-width: 64rem)");
const phone = matchMedia("(max-width: 40rem)");

export class Layout {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    this.desk = board.querySelector(".desk");
    this.drawer = board.querySelector(".drawer");
  }

  /** Give panes and stages whole pixels, so that masks and pointers meet the image's exactly. */
  fit() {
    const { board, desk } = this;
    const set = (name, value) => desk.style.setProperty(name, value);
    const side = this.side();
    set("--side", `${side}px`);
    board.toggleAttribute("data-alone-side", !side);
    const count = board.hasAttribute("data-view") ? 1 : board.panes.length;
    const edge = desk.getBoundingClientRect().top + scrollY; // texts above need not be whole pixels high
    set("--nudge", `${Math.ceil(edge) - edge}px`);
    set("--room", `${this.height()}px`);
    const room = { width: desk.clientWidth - (side ? side + GAP : 0), height: this.height() };
    const { columns, across, heads } = phone.matches ? this.strip(count, room) : this.packed(count, room);
    board.dataset.heads = heads ?? "";
    set("--columns", columns);
    set("--stage-width", `${across}px`);
    set("--stage-height", `${Math.round(across / board.aspect)}px`);
  }

  /** How wide what stands beside the panes is at least; 0 if nothing does. */
  side() {
    const { drawer } = this.board.dataset;
    if (!wide.matches) return 0;
    if (drawer === "side") return PANEL;
    return this.state.fold ? 0 : CLASSES;
  }

  /** What the window has left for panes. */
  height() {
    const { board, drawer } = this;
    const beneath = wide.matches && board.dataset.drawer === "below" ? drawer.offsetHeight + GAP : 0;
    return innerHeight - (board.grid.getBoundingClientRect().top + scrollY) - beneath - GAP;
  }

  /** All in one view; heads lie on the images where the classes are folded away and height is short. */
  packed(count, room) {
    const { aspect } = this.board;
    const packed = pack(count, room, aspect, HEAD);
    const bare = pack(count, room, aspect, 0);
    if (this.state.fold && bare.across > packed.across) {
      return { ...bare, heads: bare.across < AMPLE ? "over tall" : "over" };
    }
    // Beside a panel there is so little width that names would be cut.
    if (this.board.dataset.drawer && packed.across < NARROW) {
      return { ...pack(count, room, aspect, TALL), heads: "tall" };
    }
    const tall = packed.across >= LEAST && packed.across < NARROW && fits(count, packed, room.height, aspect);
    return { ...packed, heads: tall ? "tall" : "" };
  }

  /** On a phone panes lie in one row, to be swiped through. */
  strip(count, { width, height }) {
    const across = Math.min(width - (count > 1 ? PEEK : 0), (0.8 * innerHeight - HEAD) * this.board.aspect);
    return { columns: count, across: Math.floor(Math.max(across, LEAST)), height };
  }
}

/** The columns that make the images largest. */
function pack(count, { width, height }, aspect, head) {
  let best = { columns: 1, across: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const share = (size, parts) => Math.floor((size - GAP * (parts - 1)) / parts);
    const across = Math.floor(Math.min(share(width, columns), (share(height, rows) - head) * aspect));
    if (across > best.across) best = { columns, across };
  }
  if (best.across >= LEAST) return best;
  const columns = Math.max(1, Math.min(count, Math.floor((width + GAP) / (2 * LEAST + GAP))));
  return { columns, across: Math.floor((width - GAP * (columns - 1)) / columns) };
}

/** Whether tall heads leave all panes in view. */
function fits(count, { columns, across }, height, aspect) {
  const rows = Math.ceil(count / columns);
  return rows * (Math.round(across / aspect) + TALL) + GAP * (rows - 1) <= height;
}
