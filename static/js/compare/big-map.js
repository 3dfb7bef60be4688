/** A map that is the same for all models is one large picture: a pane of its own, shown alone. */
export class BigMap {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    this.template = board.querySelector("template.map").content.firstElementChild;
    this.state.on("map", () => this.show());
    this.show();
  }

  show() {
    const { board, state } = this;
    const there = board.grid.querySelector(".pane.map");
    const wanted = state.map === "entropy";
    if (wanted === Boolean(there)) return;
    if (there) return there.remove();
    const pane = this.template.cloneNode(true);
    pane.querySelector("h2").textContent = board.data.texts.entropy;
    pane.querySelector("mask-layer").dataset.label = board.data.texts.entropy;
    pane.querySelector(".photo").src = board.grid.querySelector(".photo").src;
    board.grid.append(pane);
  }
}
