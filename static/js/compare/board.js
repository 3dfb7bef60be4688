/**
 * <compare-board>: the compare page. It knows the panes and lays them out; what is shown lives in
 * `state`, and each part of the page (view, legend, keys, swipe, drawer) is a module of its own.
 */
import { Controls } from "./controls.js";
import { Drawer } from "./drawer.js";
import { Ensemble } from "./ensemble.js";
import { Field } from "./field.js";
import { Keys } from "./keys.js";
import { Maps } from "./masks/maps.js";
import "./masks/mask-layer.js";
import { palette, visible } from "./masks/paint.js";
import { readMask } from "../png.js";
import { State } from "./state.js";
import { Swipe } from "./swipe.js";
import { Viewport } from "./viewport.js";

const LEAST = 240; // CSS pixels, for a pane beside another
const PANE_HEAD = 40;
const GAP = 12; // as compare.css has it

class CompareBoard extends HTMLElement {
  connectedCallback() {
    this.data = JSON.parse(document.getElementById("page-data").textContent);
    this.grid = this.querySelector(".panes");
    this.aspect = this.data.image.width / this.data.image.height;
    this.top3 = new Map(); // by pane number, once the inspector has fetched them
    this.state = new State();
    this.viewport = new Viewport(this);
    this.maps = new Maps(this);
    for (const Part of [Swipe, Controls, Keys, Drawer, Field, Ensemble]) new Part(this);

    this.state.on("view swipe panel", () => this.arrange());
    this.state.on("truth off sure map", () => this.paint());
    this.state.on("mode", () => this.lines());
    this.addEventListener("mask-read", ({ target }) => this.paint([target]));
    this.addEventListener("htmx:afterSettle", () => this.arrive());
    this.addEventListener("htmx:sendError", () => this.answered(false));
    this.addEventListener("htmx:afterOnLoad", () => this.answered(true));
    new ResizeObserver(() => this.arrange()).observe(this);
    window.addEventListener("resize", () => this.arrange());
    this.arrive();
  }

  get panes() {
    return [...this.grid.children];
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

  /** The true mask; null where the image has none. */
  truth() {
    const { truth } = this.data.image;
    this.trueMask ??= truth ? readMask(truth) : Promise.resolve(null);
    return this.trueMask;
  }

  /** A pane is new: give it what the others show. */
  arrive() {
    this.arrange();
    this.lines();
    this.paint();
    this.dispatchEvent(new Event("arrive"));
  }

  answered(yes) {
    this.querySelector(".offline").hidden = yes;
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
    const pane = this.pane(layer.number);
    const { truth, map, hidden, sure } = this.state;
    if (truth && this.data.image.truth) {
      return this.coloured(await this.truth(), this.data.lists[this.data.image.list], hidden);
    }
    if (map) {
      const drawn = await this.maps.picture(map, pane).catch(() => undefined);
      if (drawn) return drawn;
    }
    if (!layer.mask && layer.image) return undefined; // "mask-read" will call again
    const mask = await (layer.mask ?? this.layer(pane.number).read());
    return this.coloured(mask, this.data.lists[pane.list], hidden, this.top3.get(pane.number), sure);
  }

  coloured({ ids, width, height }, classes, hidden, top3, sure) {
    const indices = visible(ids, classes, hidden, top3, sure);
    return { indices, width, height, colours: palette(classes), lines: true };
  }

  arrange() {
    const { view, swipe } = this.state;
    const number = swipe ? swipe.split(".")[0] : view;
    const current = this.panes.find((pane) => pane.dataset.number === number);
    for (const pane of this.panes) pane.classList.toggle("current", pane === current);
    this.toggleAttribute("data-view", Boolean(current));
    this.fit();
    this.viewport.apply();
    this.viewport.rest();
  }

  /** Give panes and stages whole pixels, so that masks and pointers meet the image's exactly. */
  fit() {
    const columns = this.columns();
    const size = (name, pixels) => this.grid.style.setProperty(name, `${pixels}px`);
    this.grid.style.setProperty("--columns", columns);
    size("--column", Math.floor(this.across(columns)));
    const pane = this.grid.querySelector(".current") ?? this.panes[0];
    const head = pane.querySelector(".pane-head").offsetWidth; // beside the stage, or above it
    const beside = head < pane.clientWidth;
    const room = pane.clientWidth - (beside ? head : 0);
    const above = this.grid.getBoundingClientRect().top + scrollY + (beside ? 0 : PANE_HEAD);
    const below = innerHeight - above - 2 * GAP;
    const wide = Math.floor(Math.min(room, Math.max(below, LEAST) * this.aspect));
    const even = wide - ((room - wide) % 2); // centred, it starts on a pixel too
    size("--stage-width", even);
    size("--stage-height", Math.round(even / this.aspect));
  }

  across(columns) {
    return (this.grid.clientWidth - GAP * (columns - 1)) / columns;
  }

  /** The columns that make the images large while all fit the window; more of them in doubt. */
  columns() {
    const count = this.panes.length;
    const height = innerHeight - this.grid.offsetTop;
    const size = (columns) => {
      const down = height / Math.ceil(count / columns) - PANE_HEAD - GAP;
      return Math.min(this.across(columns), down * this.aspect);
    };
    let best = count;
    while (best > 1 && this.across(best) < LEAST) best -= 1;
    for (let fewer = best - 1; fewer > 0; fewer -= 1) {
      if (size(fewer) > 1.25 * size(best)) best = fewer;
    }
    return best;
  }
}

customElements.define("compare-board", CompareBoard);
