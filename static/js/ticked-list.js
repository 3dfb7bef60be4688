/**
 * <ticked-list>: its buttons work once something is ticked, a tick takes the whole page, and it
 * says how many are. Without it the server says that nothing was.
 */
class TickedList extends HTMLElement {
  connectedCallback() {
    this.all = this.querySelector("[data-all]");
    if (!this.all) return;
    this.all.parentElement.hidden = false;
    this.all.addEventListener("change", () => {
      for (const box of this.boxes) box.checked = this.all.checked;
    });
    this.addEventListener("change", () => this.tell());
    // Return at a tick would press the form's first button.
    this.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault();
    });
    // Browsers fill the boxes again after going back, later than this.
    window.addEventListener("pageshow", () => this.tell());
    this.tell();
  }

  get boxes() {
    return [...this.querySelectorAll("[name=ticked]")];
  }

  tell() {
    const ticked = this.boxes.filter((box) => box.checked).length;
    const told = this.querySelector("output");
    told.textContent = ticked ? told.dataset.texts.replace("{count}", ticked) : "";
    this.all.checked = ticked === this.boxes.length;
    this.all.indeterminate = ticked > 0 && !this.all.checked;
    for (const button of this.querySelectorAll("[data-needs]")) button.disabled = !ticked;
  }
}

customElements.define("ticked-list", TickedList);
