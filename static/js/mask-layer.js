/**
 * <mask-layer><img src="mask.png"></mask-layer>: a mask over the image it shares a box with.
 *
 * The indexed PNG is fetched once and drawn onto two canvases: `fill`, the classes in their
 * colours, and `contours`, a light and a dark line where classes meet, which is seen on every
 * image and without colour vision. CSS sets the opacity. Without scripts the img itself shows.
 */
class MaskLayer extends HTMLElement {
  connectedCallback() {
    this.mask = this.querySelector("img");
    this.fill ??= this.canvas("fill");
    this.contours ??= this.canvas("contours");
    this.fill.setAttribute("role", "img");
    this.fill.setAttribute("aria-label", this.mask.alt);
    this.mask.addEventListener("load", () => this.draw());
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this);
  }

  disconnectedCallback() {
    this.resizes.disconnect();
  }

  canvas(name) {
    const canvas = document.createElement("canvas");
    canvas.className = name;
    this.append(canvas);
    return canvas;
  }

  /** Draw at the size shown, in device pixels: lines stay thin however small the mask is. */
  draw() {
    if (!this.mask.complete || !this.mask.naturalWidth || !this.clientWidth) return;
    const width = Math.round(this.clientWidth * devicePixelRatio);
    const height = Math.round(this.clientHeight * devicePixelRatio);
    if (this.fill.width === width && this.fill.height === height && "drawn" in this.dataset) return;
    for (const canvas of [this.fill, this.contours]) Object.assign(canvas, { width, height });

    const context = this.fill.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(this.mask, 0, 0, width, height);
    const colours = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    const lines = contours(colours, width, height, Math.max(1, Math.round(devicePixelRatio)));
    this.contours.getContext("2d").putImageData(lines, 0, 0);
    this.dataset.drawn = "";
  }
}

const LIGHT = 0xffffffff; // ABGR
const DARK = 0xc0000000;

/** Where the pixel `step` to the right or below is of another class: light here, dark there. */
function contours(colours, width, height, step) {
  const image = new ImageData(width, height);
  const lines = new Uint32Array(image.data.buffer);
  const mark = (here, there) => {
    if (colours[here] === colours[there]) return;
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
