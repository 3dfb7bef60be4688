/**
 * <compare-board>: the compare page. It knows the panes and lays them out; what is shown lives in
 * `state`, and each part of the page (view, legend, keys, swipe, drawer) is a module of its own.
 */
import { BigMap } from "./big-map.js";
import { ClassTable } from "./class-table.js";
import { Controls } from "./controls.js";
import { Drawer } from "./drawer.js";
import { Ensemble } from "./ensemble.js";
import { Field } from "./field.js";
import { Keys } from "./keys.js";
import { Layout } from "./layout.js";
import { Maps } from "./masks/maps.js";
import "./masks/mask-layer.js";
import { palette, visible } from "./masks/paint.js";
import { Order } from "./order.js";
import { readMask } from "../png.js";
import { State } from "./state.js";
import { Swipe } from "./swipe.js";
import { Viewport } from "./viewport.js";

class CompareBoard extends HTMLElement {
  connectedCallback() {
    this.data = JSON.parse(document.getElementById("page-data").textContent);
    this.grid = this.querySelector(".panes");
    this.aspect = this.data.image.width / this.data.image.height;
    this.top3 = new Map(); // by pane number, once the inspector has fetched them
    this.said = new Map(); // by element id, what the server last sent for it
    this.state = new State();
    this.layout = new Layout(this);
    this.viewport = new Viewport(this);
    this.maps = new Maps(this);
    for (const Part of [BigMap, Order, Swipe, Controls, Keys, Drawer, ClassTable, Field, Ensemble]) new Part(this);

    this.state.on("view swipe panel map", () => this.arrange());
    this.state.on("truth off sure map", () => this.paint());
    this.state.on("mode", () => this.lines());
    this.addEventListener("mask-read", ({ target }) => this.paint([target]));
    for (const type of ["htmx:afterSettle", "htmx:oobAfterSwap"]) this.addEventListener(type, () => this.soon());
    this.addEventListener("htmx:oobBeforeSwap", (event) => this.news(event));
    this.addEventListener("htmx:sendError", () => this.answered(false));
    this.addEventListener("htmx:afterOnLoad", () => this.answered(true));
    this.addEventListener("htmx:responseError", ({ detail }) => this.refused(detail.xhr.status));
    const sizes = new ResizeObserver(() => this.arrange());
    for (const part of [this, this.querySelector(".bar"), this.querySelector(".drawer")]) sizes.observe(part);
    window.addEventListener("resize", () => this.arrange());
    this.arrive();
  }

  /** Those of the models, in the order shown, and of an ensemble. */
  get panes() {
    return [...this.grid.querySelectorAll(":scope > .pane:not(.map)")];
  }

  get layers() {
    return [...this.grid.querySelectorAll("mask-layer")];
  }

  /** What is known of a pane by its number: title, list (of classes), prediction. */
  pane(number) {
    return this.data.panes.find((pane) => pane.number === Number(number));
  }

  /** The layer that reads a pane's mask; undefined while there is none. */
  layer(number) {
    return this.grid.querySelector(`#pane-${CSS.escape(number)} mask-layer:has(img)`) ?? undefined;
  }

  /** [pane, mask] of every pane of a class list whose mask is there. */
  async masks(list) {
    const there = this.data.panes.filter((pane) => pane.list === list && this.layer(pane.number));
    return Promise.all(there.map(async (pane) => [pane, await this.layer(pane.number).read()]));
  }

  /** A pane of the class list that most masks are of. */
  get commonest() {
    const there = this.data.panes.filter(({ number }) => this.layer(number));
    const size = ({ list }) => there.filter((pane) => pane.list === list).length;
    return there.sort((one, other) => size(other) - size(one))[0] ?? this.data.panes[0];
  }

  /** The true mask; null where the image has none. */
  truth() {
    const { truth } = this.data.image;
    this.trueMask ??= truth ? readMask(truth) : Promise.resolve(null);
    return this.trueMask;
  }

  /** Parts of the page are new, often several at once. */
  soon() {
    this.coming ??= requestAnimationFrame(() => {
      this.coming = undefined;
      this.arrive();
    });
  }

  /** A pane is new: give it what the others show. */
  arrive() {
    this.arrange();
    this.lines();
    this.paint();
    this.dispatchEvent(new Event("arrive"));
  }

  /** What the server says again stays as it is, with the focus in it, and is not read out twice. */
  news({ target, detail }) {
    const said = new XMLSerializer().serializeToString(detail.fragment);
    detail.shouldSwap = this.said.get(target.id) !== said;
    this.said.set(target.id, said);
  }

  answered(yes) {
    this.querySelector(".offline").hidden = yes;
  }

  /** What was there is not any more, for this reader: a session that ended, a link revoked. */
  refused(status) {
    this.querySelector(".signed-out").hidden = ![401, 403, 404].includes(status);
  }

  lines() {
    for (const layer of this.layers) layer.line(this.state.mode !== "mask");
  }

  /** Give layers what they draw; what belongs to a state that has passed is dropped. */
  async paint(layers = this.layers) {
    const { truth, off, sure, map } = this.state;
    const asked = [truth, off, sure, map].join();
    const now = () => [this.state.truth, this.state.off, this.state.sure, this.state.map].join();
    await Promise.all(
      layers.map(async (layer) => {
        const picture = await this.picture(layer);
        if (picture && asked === now()) layer.show(picture);
      }),
    );
  }

  /** {indices, width, height, colours, lines} for one layer; undefined while its mask is away. */
  async picture(layer) {
    const large = layer.number === "map";
    const pane = large ? this.commonest : this.pane(layer.number);
    const { truth, map, hidden, sure } = this.state;
    if (truth && this.data.image.truth) {
      return this.coloured(await this.truth(), this.data.lists[this.data.image.list], hidden);
    }
    if (map) {
      const drawn = await this.maps.picture(map, pane).catch(() => undefined);
      if (drawn || large) return drawn; // in the large picture a mask would be taken for the map
    }
    if (!layer.mask && layer.image) return undefined; // "mask-read" will call again
    const mask = await (layer.mask ?? this.layer(pane.number).read());
    return this.coloured(mask, this.data.lists[pane.list], hidden, this.top3.get(pane.number), sure);
  }

  coloured({ ids, width, height }, classes, hidden, top3, sure) {
    const indices = visible(ids, classes, hidden, top3, sure);
    return { indices, width, height, colours: palette(classes), lines: true };
  }

  /** The number of the pane that is shown alone, as the state wants it; "" for all. */
  get alone() {
    const { halves, map, view } = this.state;
    const [kind, about] = map.split(".");
    if (halves) return halves.split(".")[0];
    if (kind === "entropy") return "map";
    return kind === "field" ? about : view;
  }

  arrange() {
    const { alone } = this;
    const current = [...this.grid.children].find((pane) => pane.dataset.number === alone);
    for (const pane of this.grid.children) pane.classList.toggle("current", pane === current);
    this.toggleAttribute("data-view", Boolean(current));
    this.layout.fit();
    this.viewport.apply();
    this.viewport.rest();
  }
}

customElements.define("compare-board", CompareBoard);
