/**
 * <run-table>: the buttons beneath work once enough runs are chosen, all of the page are chosen at
 * once, and a row that is swapped in stays chosen.
 */
class RunTable extends HTMLElement {
  connectedCallback() {
    this.chosen = new Set(this.boxes().filter((box) => box.checked).map((box) => box.value));
    this.all = this.querySelector("[data-all] input");
    for (const part of this.querySelectorAll("[data-all], [data-chosen]")) part.hidden = false;
    this.addEventListener("change", ({ target }) => {
      const boxes = target === this.all ? this.boxes() : [target];
      for (const { value } of boxes) {
        if (target.checked) this.chosen.add(value);
        else this.chosen.delete(value);
      }
      this.show();
    });
    document.addEventListener("htmx:oobAfterSwap", () => this.show());
    this.show();
  }

  boxes() {
    return [...this.querySelectorAll("input[name=run]")];
  }

  show() {
    const boxes = this.boxes();
    for (const box of boxes) box.checked = this.chosen.has(box.value);
    this.all.checked = boxes.every((box) => box.checked);
    this.all.indeterminate = !this.all.checked && this.chosen.size > 0;
    const told = this.querySelector("[data-chosen]");
    told.textContent = told.dataset.chosen.replace("{number}", this.chosen.size);
    for (const button of this.querySelectorAll("[data-needs]")) {
      button.disabled = this.chosen.size < Number(button.dataset.needs);
    }
  }
}

customElements.define("run-table", RunTable);
