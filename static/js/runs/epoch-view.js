/**
 * <epoch-view data-src=".../0/">: a slider over a run's epochs that sets what stands in it: the
 * confusion matrix, and the probe images with their masks. Whole epochs never change, so each is
 * fetched once.
 */
class EpochView extends HTMLElement {
  connectedCallback() {
    this.slider = this.querySelector("input[type=range]");
    this.numbers = JSON.parse(this.dataset.epochs);
    this.fetched = new Map();
    this.slider.addEventListener("input", () => this.go());
    this.addEventListener("click", ({ target }) => {
      if ("best" in target.dataset) this.to(Number(target.dataset.best));
    });
    this.arrived = ({ detail }) => this.extend(detail);
    document.addEventListener("epochs", this.arrived);
    this.looking = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      this.looking.disconnect();
      this.seen = true;
      this.go();
    });
    this.looking.observe(this);
  }

  disconnectedCallback() {
    document.removeEventListener("epochs", this.arrived);
    this.looking.disconnect();
  }

  /** Further epochs of a live run; who looks at the last one goes on with it. */
  extend({ numbers, best }) {
    const follows = Number(this.slider.value) >= this.numbers.length - 1;
    this.numbers = numbers;
    this.hidden = numbers.length === 0;
    this.slider.max = numbers.length - 1;
    if (follows) this.slider.value = numbers.length - 1;
    for (const button of this.querySelectorAll("[data-best]")) button.dataset.best = best;
    if (follows) this.go();
  }

  to(number) {
    this.slider.value = this.numbers.indexOf(number);
    this.go();
  }

  async go() {
    const number = this.numbers[this.slider.value];
    if (number === undefined) return;
    this.slider.setAttribute("aria-valuetext", number);
    this.querySelector("output").textContent = number;
    if (!this.seen) return;
    const data = await this.epoch(number);
    if (this.numbers[this.slider.value] === number) this.draw(data);
  }

  epoch(number) {
    if (!this.fetched.has(number)) {
      const asked = fetch(this.dataset.src.replace(/0\/$/, `${number}/`)).then((answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      });
      asked.catch(() => this.fetched.delete(number));
      this.fetched.set(number, asked);
    }
    return this.fetched.get(number);
  }

  async draw(data) {
    await customElements.whenDefined("confusion-matrix");
    const matrix = this.querySelector("confusion-matrix");
    if (matrix && data.counts) matrix.show(data);
    this.querySelector("[data-figures]").replaceChildren(...data.figures.map(figure));
    for (const probe of this.querySelectorAll("[data-probe]")) {
      const address = data.probes[probe.dataset.probe];
      probe.hidden = !address;
      if (address) probe.src = address;
    }
    this.dataset.epoch = data.epoch;
  }
}

/** A metric of the epoch, as a line of facts. */
function figure([title, text]) {
  const line = document.createElement("div");
  const [term, value] = ["dt", "dd"].map((tag) => line.appendChild(document.createElement(tag)));
  term.textContent = title;
  value.textContent = text;
  value.className = "number";
  return line;
}

customElements.define("epoch-view", EpochView);
