/**
 * What the compare page shows. It is kept in the address after "#", so that reloading or sending
 * the address shows the same; the parts of the page listen for the names they depend on.
 */
const DEFAULTS = {
  view: "", // the number of the pane shown alone
  swipe: "", // two panes' numbers, "1.3", whose masks share one image
  at: 50, // where the divider between them stands, in percent
  bare: "", // the image without masks
  truth: "", // the true mask in place of the models'
  mode: "overlay", // or "contours", "mask"
  opacity: 60,
  off: "", // hidden classes by name, joined by commas
  sure: 0, // pixels less certain than this, in percent, are hidden
  zoom: 1,
  x: 0.5, // the image's point in the middle of every pane
  y: 0.5,
  cross: "", // the pixel that the crosshair is pinned to, "x.y"
  hover: "", // the pixel under the pointer
  map: "", // a picture computed from the masks in their place; see maps.js
  ensemble: "", // the id of the ensemble whose mask is a further pane
  panel: "", // which panel of the drawer is open
  fold: "", // the classes, folded away
  sort: "", // what panes are ordered by, "score" or "speed"; else by the lineage
};
const PASSING = ["hover"];

export class State {
  #listeners = [];
  #writing = 0;

  constructor() {
    Object.assign(this, DEFAULTS, this.#read());
    window.addEventListener("hashchange", () => this.set({ ...DEFAULTS, ...this.#read() }));
  }

  /** Call `listener` whenever one of the names (parted by spaces) changes. */
  on(names, listener) {
    this.#listeners.push([names.split(" "), listener]);
  }

  set(change) {
    const changed = Object.keys(change).filter((name) => this[name] !== change[name]);
    if (!changed.length) return;
    for (const name of changed) this[name] = change[name];
    for (const [names, listener] of this.#listeners) {
      if (names.some((name) => changed.includes(name))) listener();
    }
    clearTimeout(this.#writing); // browsers refuse an address that changes with every frame
    this.#writing = setTimeout(() => this.#write(), 100);
  }

  /** Set a name to a value, or back to its default where it has that value. */
  toggle(name, value = "1") {
    this.set({ [name]: this[name] === value ? DEFAULTS[name] : value });
  }

  /** Two panes' numbers, "1.3", that share one image: those of the swipe, or of the map shown. */
  get halves() {
    const [kind, one, other] = this.map.split(".");
    return this.swipe || (["pair", "swap"].includes(kind) ? `${one}.${other}` : "");
  }

  /** The map, where each pane draws its own; "" for one that takes the place of them all. */
  get mapOfEach() {
    return this.map.startsWith("errors") ? this.map : "";
  }

  /** The pixel to look at: under the pointer, else where the crosshair is pinned; or null. */
  get pixel() {
    const at = this.hover || this.cross;
    return at ? at.split(".").map(Number) : null;
  }

  get hidden() {
    return new Set(this.off ? this.off.split(",") : []);
  }

  #read() {
    const told = {};
    for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
      if (!(name in DEFAULTS) || PASSING.includes(name)) continue;
      const number = Number(text);
      if (typeof DEFAULTS[name] === "string") told[name] = text;
      else if (Number.isFinite(number)) told[name] = number;
    }
    return told;
  }

  #write() {
    const told = Object.keys(DEFAULTS)
      .filter((name) => !PASSING.includes(name) && this[name] !== DEFAULTS[name])
      .map((name) => [name, typeof this[name] === "number" ? short(this[name]) : this[name]]);
    const hash = new URLSearchParams(told).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }
}

const short = (number) => String(Number(number.toFixed(5)));
