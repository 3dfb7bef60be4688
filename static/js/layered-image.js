/**
 * <layered-image>: a photo with one layer over it: the mask, the truth, or the pixels where the two
 * differ. Both are indexed PNG with the same palette, so equal classes have equal colours.
 */
class LayeredImage extends HTMLElement {
  connectedCallback() {
    this.layers = [...this.querySelectorAll(".layer")];
    [this.truth, this.mask, this.errors] = this.layers;
    this.addEventListener("click", ({ target }) => target.dataset.show && this.show(target.dataset.show));
    for (const image of [this.truth, this.mask]) image.addEventListener("load", () => this.compare());
    this.show("mask");
  }

  show(name) {
    this.dataset.layer = name;
    for (const button of this.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.show === name));
    }
    this.compare();
  }

  compare() {
    const { truth, mask, errors } = this;
    if (this.dataset.layer !== "errors" || !truth.naturalWidth || !mask.naturalWidth) return;
    errors.width = truth.naturalWidth;
    errors.height = truth.naturalHeight;
    const context = errors.getContext("2d", { willReadFrequently: true });
    const colours = (image) => {
      context.clearRect(0, 0, errors.width, errors.height);
      context.drawImage(image, 0, 0, errors.width, errors.height);
      const { data } = context.getImageData(0, 0, errors.width, errors.height);
      return new Uint32Array(data.buffer);
    };
    context.imageSmoothingEnabled = false;
    const [wanted, found] = [colours(truth), colours(mask)];
    const image = new ImageData(errors.width, errors.height);
    const pixels = new Uint32Array(image.data.buffer);
    const ignored = (colour) => colour >>> 24 === 0;
    wanted.forEach((colour, n) => {
      if (colour !== found[n] && !ignored(colour)) pixels[n] = 0xff1f1fe0; // red, as ABGR
    });
    context.putImageData(image, 0, 0);
  }
}

customElements.define("layered-image", LayeredImage);
