/**
 * <mask-layer><img src="mask.png"></mask-layer>: a mask over the image it shares a box with.
 *
 * The indexed PNG shows first, as an image, and without scripts alone. Its ids are then drawn onto
 * two canvases: `fill`, coloured once and moved by CSS from then on, and `contours`, a light and a
 * dark line where classes meet, which is seen on every image and without colour vision. Lines are
 * drawn at the size shown, in device pixels, so that they stay thin; only for the part in view.
 */
import { readMask } from "../../png.js";

const LARGEST = 4e6; // pixels of a fill: beyond, every second or third one stands for its neighbours
const LIGHT = 0xffffffff; // ABGR
const DARK = 0xc0000000;
const WHOLE = { zoom: 1, left: 0, top: 0 };

const waiting = new Set(); // layers to draw, one or a few a frame
let frame = 0;

class MaskLayer extends HTMLElement {
  view = WHOLE;
  lined = true;

  connectedCallback() {
    this.image = this.querySelector("img");
    this.fill ??= this.#canvas("fill");
    this.contours ??= this.#canvas("contours");
    this.sight = new IntersectionObserver(([entry]) => this.#seen(entry.isIntersecting));
    this.sight.observe(this);
    this.resizes = new ResizeObserver(() => this.#change("lines"));
    this.resizes.observe(this);
    this.fill.setAttribute("role", "img");
    this.fill.setAttribute("aria-label", this.image?.alt ?? this.dataset.label);
    if (!this.image) return;
    if (this.image.complete && this.image.naturalWidth) this.read();
    else this.image.addEventListener("load", () => this.read(), { once: true });
  }

  disconnectedCallback() {
    this.sight.disconnect();
    this.resizes.disconnect();
    waiting.delete(this);
  }

  /** The number of the pane whose mask this is. */
  get number() {
    return this.dataset.number ?? this.closest(".pane").dataset.number;
  }

  /** {width, height, ids}; fetched though the pane may be off screen. */
  read() {
    this.mask ??= readMask(this.image.src).then((mask) => {
      this.dispatchEvent(new Event("mask-read", { bubbles: true }));
      return mask;
    });
    return this.mask;
  }

  /** Draw `indices` (`width` × `height`) in `colours`; lines where two of them meet if `lines`. */
  show(picture) {
    this.picture = picture;
    this.#change("fill", "lines");
  }

  /** Draw the lines for the part of the image that is in view. */
  look(view) {
    this.view = view;
    this.#change("lines");
  }

  /** Whether lines are wanted at all. */
  line(wanted) {
    if (this.lined === wanted) return;
    this.lined = wanted;
    this.#change("lines");
  }

  #canvas(name) {
    const canvas = document.createElement("canvas");
    canvas.className = name;
    this.append(canvas);
    return canvas;
  }

  #seen(yes) {
    this.inSight = yes;
    if (yes && this.stale) this.#change();
  }

  #change(...parts) {
    this.stale = new Set([...(this.stale ?? []), ...parts]);
    if (!this.picture || !this.inSight) return;
    delete this.dataset.drawn;
    waiting.add(this);
    frame ||= requestAnimationFrame(work);
  }

  draw() {
    if (!this.isConnected || !this.clientWidth) return;
    if (this.stale.has("fill")) this.#drawFill();
    if (this.stale.has("lines")) this.#drawLines();
    this.stale = null;
    this.dataset.read = ""; // from here on the canvases stand for the image
    this.dataset.drawn = "";
  }

  #drawFill() {
    const { indices, width, height, colours } = this.picture;
    const step = Math.ceil(Math.sqrt((width * height) / LARGEST));
    const size = { width: Math.floor(width / step), height: Math.floor(height / step) };
    Object.assign(this.fill, size);
    const sampled = step === 1 ? indices : sample(this.picture, WHOLE, size);
    const image = new ImageData(size.width, size.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i += 1) pixels[i] = colours[sampled[i]];
    this.fill.getContext("2d").putImageData(image, 0, 0);
  }

  #drawLines() {
    const wanted = this.lined && this.picture.lines;
    this.contours.hidden = !wanted;
    if (!wanted) return;
    const { zoom, left, top } = this.view;
    const size = {
      width: Math.round(this.clientWidth * devicePixelRatio),
      height: Math.round(this.clientHeight * devicePixelRatio),
    };
    Object.assign(this.contours, size);
    const step = Math.max(1, Math.round(devicePixelRatio));
    const drawn = outlines(sample(this.picture, this.view, size), size, step);
    this.contours.getContext("2d").putImageData(drawn, 0, 0);
    const share = (part) => `${100 * part}%`;
    Object.assign(this.contours.style, {
      left: share(left), top: share(top), width: share(1 / zoom), height: share(1 / zoom),
    });
  }
}

/** Draw what waits until the frame's share of time is spent. */
function work() {
  frame = 0;
  const end = performance.now() + 1; // milliseconds
  for (const layer of waiting) {
    waiting.delete(layer);
    layer.draw();
    if (performance.now() > end) break;
  }
  if (waiting.size) frame = requestAnimationFrame(work);
}

/** The index under the middle of each pixel of a picture of `size` that shows `view`. */
function sample({ indices, width, height }, { zoom, left, top }, size) {
  const across = (x) => Math.min(width - 1, Math.floor((left + (x + 0.5) / size.width / zoom) * width));
  const down = (y) => Math.min(height - 1, Math.floor((top + (y + 0.5) / size.height / zoom) * height));
  const columns = Uint32Array.from({ length: size.width }, (_, x) => across(x));
  const sampled = new Uint8Array(size.width * size.height);
  for (let y = 0, at = 0; y < size.height; y += 1) {
    const row = down(y) * width;
    for (let x = 0; x < size.width; x += 1, at += 1) sampled[at] = indices[row + columns[x]];
  }
  return sampled;
}

/** Where the pixel `step` to the right or below is of another class: light here, dark there. */
function outlines(indices, { width, height }, step) {
  const image = new ImageData(width, height);
  const lines = new Uint32Array(image.data.buffer);
  const mark = (here, there) => {
    if (indices[here] === indices[there]) return;
    lines[here] = LIGHT;
    if (lines[there] === 0) lines[there] = DARK;
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const here = y * width + x;
      if (x + step < width) mark(here, here + step);
      if (y + step < height) mark(here, here + step * width);
    }
  }
  return image;
}

customElements.define("mask-layer", MaskLayer);
