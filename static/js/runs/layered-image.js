/**
 * <layered-image data-ignore="255">: a photo with one layer over it: the mask, the truth, or the
 * pixels where the two differ. Pixels whose truth is the ignored id count for nothing.
 */
import { readMask } from "../png.js";

const WRONG = 0xff1f1fe0; // red, as ABGR

class LayeredImage extends HTMLElement {
  connectedCallback() {
    if (this.classList.contains("bare")) return; // a mask without its photo
    [this.truth, this.mask, this.errors] = this.querySelectorAll(".layer");
    this.addEventListener("click", ({ target }) => target.dataset.show && this.show(target.dataset.show));
    this.mask.addEventListener("load", () => this.compare());
    this.show("mask");
  }

  show(name) {
    this.dataset.layer = name;
    for (const button of this.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.show === name));
    }
    this.compare();
  }

  /** Paint the errors where they are looked at; another epoch's mask may be asked for meanwhile. */
  async compare() {
    const address = this.mask.src;
    if (this.dataset.layer !== "errors" || !address) return;
    const [truth, mask] = await Promise.all([readMask(this.truth.src), readMask(address)]);
    if (this.mask.src === address) this.paint(truth, mask);
  }

  paint(truth, mask) {
    const { width, height } = Object.assign(this.errors, { width: truth.width, height: truth.height });
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const ignored = "ignore" in this.dataset ? Number(this.dataset.ignore) : null;
    truth.ids.forEach((id, n) => {
      if (id !== mask.ids[n] && id !== ignored) pixels[n] = WRONG;
    });
    this.errors.getContext("2d").putImageData(image, 0, 0);
  }
}

customElements.define("layered-image", LayeredImage);
