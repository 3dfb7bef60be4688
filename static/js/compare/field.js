/** The theoretical receptive field as a box over the image, while its effective one is shown. */
import { element } from "./elements.js";

export class Field {
  constructor(board) {
    Object.assign(this, { board, state: board.state });
    this.state.on("map", () => this.show());
    board.addEventListener("arrive", () => this.show());
  }

  async show() {
    for (const box of this.board.grid.querySelectorAll(".receptive")) box.remove();
    const { map } = this.state;
    const [kind, number] = map.split(".");
    if (kind !== "field") return;
    const { field } = await this.board.maps.inside(map).catch(() => ({}));
    const world = this.board.grid.querySelector(`#pane-${CSS.escape(number)} .world`);
    if (map !== this.state.map || !field?.box || !world) return;
    const { width, height } = this.board.data.image;
    const [left, top, right, bottom] = field.box;
    const box = element("div", { className: "receptive" });
    const share = (part, all) => `${(100 * part) / all}%`;
    Object.assign(box.style, {
      left: share(left, width), top: share(top, height),
      width: share(right - left, width), height: share(bottom - top, height),
    });
    world.append(box);
  }
}
