/** The ensemble that the state names, as a further pane beside those of the models. */
import { number as figure } from "./elements.js";

export class Ensemble {
  constructor(board) {
    Object.assign(this, { board, state: board.state, data: board.data });
    this.state.on("ensemble", () => this.show());
    this.show();
  }

  async show() {
    const { board, data } = this;
    const id = this.state.ensemble;
    const former = board.grid.querySelector(".pane.extra");
    if (former) board.classTable.drop(former.dataset.number);
    former?.remove();
    data.panes = data.panes.filter(({ prediction }) => prediction);
    if (!id) return;
    const ensemble = await board.api.get(`ensembles/${id}/`).catch(() => null);
    if (id !== this.state.ensemble) return;
    if (!ensemble?.mask_url) return this.state.set({ ensemble: "" });
    const { members, mask_url: mask, scores } = ensemble;
    const { list } = data.panes.find(({ prediction }) => prediction === members[0].id);
    const number = data.panes.length + 1;
    data.panes.push({ number, title: data.texts.ensemble, list, prediction: null });
    const pane = this.pane(number, mask);
    if (scores) pane.querySelector(".standing").textContent = scores.miou === null ? "–" : figure(100 * scores.miou, 1);
    board.grid.append(pane);
    const { ids } = await board.layer(number).read();
    if (id !== this.state.ensemble) return;
    const counts = new Uint32Array(256);
    for (const class_ of ids) counts[class_] += 1;
    board.classTable.add(number, list, counts, ids.length);
    board.arrive();
    pane.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  pane(number, mask) {
    const pane = this.board.querySelector("template.extra").content.firstElementChild.cloneNode(true);
    pane.id = `pane-${number}`;
    pane.dataset.number = number;
    pane.querySelector("[data-view]").dataset.view = number;
    pane.querySelector(".key").textContent = number;
    pane.querySelector(".photo").src = this.board.grid.querySelector(".photo").src;
    pane.querySelector("mask-layer img").src = mask;
    return pane;
  }
}
