/** The ensemble that the state names, as a further pane beside those of the models. */
import { swatch } from "./controls.js";
import { element, fill, percent } from "./elements.js";

export class Ensemble {
  constructor(board) {
    Object.assign(this, { board, state: board.state, data: board.data });
    this.state.on("ensemble", () => this.show());
    this.show();
  }

  async show() {
    const { board, data } = this;
    const id = this.state.ensemble;
    board.grid.querySelector(".pane.extra")?.remove();
    data.panes = data.panes.filter(({ prediction }) => prediction);
    if (!id) return;
    const ensemble = await board.api.get(`ensembles/${id}/`).catch(() => null);
    if (id !== this.state.ensemble) return;
    if (!ensemble?.mask_url) return this.state.set({ ensemble: "" });
    const { members, mask_url: mask } = ensemble;
    const { list } = data.panes.find(({ prediction }) => prediction === members[0].id);
    const number = data.panes.length + 1;
    data.panes.push({ number, title: data.texts.ensemble, list, prediction: null });
    const pane = this.pane(number, mask);
    board.grid.append(pane);
    fill(pane.querySelector(".legend"), legend(await board.layer(number).read(), data.lists[list]));
    board.arrive();
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

/** The classes of a mask, largest first, as the server lists those of the models. */
function legend({ ids }, classes) {
  const counts = new Uint32Array(256);
  for (const id of ids) counts[id] += 1;
  const seen = classes.filter(({ id }) => counts[id]).sort((one, other) => counts[other.id] - counts[one.id]);
  return seen.map(({ id, name, title, colour }) => {
    const button = element("button", { type: "button" }, swatch(colour), element("span", {}, title),
      element("span", { className: "number muted" }, percent(counts[id] / ids.length)));
    button.dataset.off = name;
    return element("li", {}, button);
  });
}
