/**
 * <run-table>: the buttons beneath work once enough runs are chosen, and a row that is swapped in
 * stays chosen.
 */
class RunTable extends HTMLElement {
  connectedCallback() {
    this.chosen = new Set(this.boxes().filter((box) => box.checked).map((box) => box.value));
    this.addEventListener("change", ({ target }) => {
      if (target.name !== "run") return;
      if (target.checked) this.chosen.add(target.value);
      else this.chosen.delete(target.value);
      this.show();
    });
    document.addEventListener("htmx:oobAfterSwap", () => this.show());
    this.show();
  }

  boxes() {
    return [...this.querySelectorAll("input[name=run]")];
  }

  show() {
    for (const box of this.boxes()) box.checked = this.chosen.has(box.value);
    for (const button of this.querySelectorAll("[data-needs]")) {
      button.disabled = this.chosen.size < Number(button.dataset.needs);
    }
  }
}

customElements.define("run-table", RunTable);
