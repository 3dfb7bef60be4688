/**
 * <probe-grid>: one slider over epochs, which sets the mask of every run beside it in step.
 */
class ProbeGrid extends HTMLElement {
  connectedCallback() {
    const { epochs, rows } = JSON.parse(this.querySelector("#probe-steps").textContent);
    this.epochs = epochs;
    this.rows = rows;
    this.slider = this.querySelector("input[type=range]");
    for (const part of this.querySelectorAll(".slider, [data-now]")) part.hidden = false;
    this.slider.addEventListener("input", () => this.show());
    this.show(); // where the browser kept the slider's place
  }

  show() {
    const step = Number(this.slider.value);
    this.slider.setAttribute("aria-valuetext", this.epochs[step]);
    this.querySelector("[data-now] output").textContent = this.epochs[step];
    for (const image of this.querySelectorAll("[data-row]")) {
      const [epoch, mask] = this.rows[image.dataset.row][step];
      const caption = image.nextElementSibling;
      image.src = mask;
      caption.textContent = caption.textContent.replace(/\d+/, epoch);
    }
    this.dataset.epoch = this.epochs[step];
  }
}

customElements.define("probe-grid", ProbeGrid);
