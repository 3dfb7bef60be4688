/** The sidebar of classes: folded away or not, the column of the pane under the pointer, figures. */
import { element, shareOf } from "./elements.js";

const FIGURE = 36; // CSS pixels that a figure takes

export class ClassTable {
  #extra = new Map(); // by pane number, {list, counts, pixels} of what the server does not know

  constructor(board) {
    Object.assign(this, { board, state: board.state, root: board.querySelector(".classes") });
    board.classTable = this;
    board.addEventListener("click", ({ target }) => target.closest("[data-fold]") && this.toggle());
    board.grid.addEventListener("pointerover", ({ target }) => this.mark(target.closest(".pane")?.dataset.number));
    board.grid.addEventListener("pointerleave", () => this.mark());
    board.addEventListener("arrive", () => this.complete());
    this.state.on("fold panel", () => this.show());
    new ResizeObserver(() => this.measure()).observe(this.root);
    this.show();
    this.complete();
  }

  /** Fold the classes away, or bring them back, from behind a panel too. */
  toggle() {
    const covered = this.board.dataset.drawer === "side";
    this.state.set({ fold: covered || this.state.fold ? "" : "1", panel: covered ? "" : this.state.panel });
  }

  show() {
    const { fold } = this.state;
    this.board.toggleAttribute("data-fold", Boolean(fold));
    const seen = !fold && this.board.dataset.drawer !== "side";
    this.board.querySelector("button[data-fold]").setAttribute("aria-expanded", seen);
    this.board.arrange();
  }

  mark(number) {
    for (const cell of this.root.querySelectorAll("[data-pane]")) cell.classList.toggle("here", cell.dataset.pane === number);
  }

  /** Figures stand in the cells where there is room for them. */
  measure() {
    for (const table of this.root.querySelectorAll("table")) {
      const columns = table.querySelectorAll("thead th").length;
      table.classList.toggle("roomy", this.root.clientWidth / columns >= FIGURE);
    }
  }

  /** A column for a mask that was made on the page: its counts by class id. */
  add(number, list, counts, pixels) {
    this.#extra.set(String(number), { list, counts, pixels });
    this.complete();
  }

  drop(number) {
    this.#extra.delete(String(number));
    for (const cell of this.root.querySelectorAll(`[data-pane="${number}"]`)) {
      const body = cell.closest("tbody");
      if (body) body.rows[0].cells[0].colSpan -= 1;
      cell.remove();
    }
  }

  /** What the server sent anew lacks those columns. */
  complete() {
    for (const [number, { list, counts, pixels }] of this.#extra) {
      const members = this.board.data.panes.filter((pane) => pane.list === list); // some may have no column
      const heads = members.map((pane) => this.root.querySelector(`thead [data-pane="${pane.number}"]`));
      const table = heads.find(Boolean)?.closest("table");
      if (!table || table.querySelector(`[data-pane="${number}"]`)) continue;
      table.tHead.rows[0].append(cellOf("th", number, [number], { scope: "col" }));
      for (const body of table.tBodies) {
        const share = counts[body.dataset.class] / pixels;
        body.rows[0].cells[0].colSpan += 1;
        const colour = body.querySelector(".swatch rect").getAttribute("fill");
        const figure = element("span", { className: "number" }, shareOf(share));
        body.rows[1].append(cellOf("td", number, [bar(colour, share / table.dataset.most), figure]));
      }
    }
    this.measure();
  }
}

/** A share as a part of the largest in the table, as the server draws it: what is there at all is seen. */
function bar(colour, part) {
  const height = part ? Math.min(Math.max(part, 1 / 9), 1) : 0;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 1 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.innerHTML = `<rect y="${1 - height}" width="1" height="${height}" fill="${colour}"/>`;
  return svg;
}

function cellOf(name, number, content, properties = {}) {
  const cell = element(name, properties, ...content);
  cell.dataset.pane = number;
  return cell;
}
