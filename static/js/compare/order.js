/** The order of the panes: as the lineage has them, by their score or by their speed. */
export class Order {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    board.addEventListener("change", ({ target }) => target.name === "sort" && this.state.set({ sort: target.value }));
    board.addEventListener("arrive", () => this.apply());
    this.state.on("sort", () => {
      this.apply();
      board.arrange();
    });
    this.apply();
  }

  apply() {
    const { board } = this;
    const field = board.querySelector("[name=sort]"); // two models or one have none
    const by = [...(field?.options ?? [])].some(({ value }) => value === this.state.sort) ? this.state.sort : "";
    if (field) field.value = by;
    const sorted = [...board.panes].sort((one, other) => worth(one, by) - worth(other, by) || one.dataset.number - other.dataset.number);
    if (sorted.every((pane, place) => pane === board.panes[place])) return;
    const focused = document.activeElement;
    board.grid.prepend(...sorted);
    if (focused !== document.activeElement) focused.focus();
  }
}

/** Least first; what is not known yet comes last. */
function worth(pane, by) {
  const { score, speed } = pane.querySelector(".standing").dataset;
  if (by === "score") return score === undefined ? 2 : -score;
  if (by === "speed") return speed === undefined ? Number.MAX_VALUE : Number(speed);
  return Number(pane.dataset.number);
}
