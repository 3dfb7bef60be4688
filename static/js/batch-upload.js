/**
 * <batch-upload>: images or a zip dropped anywhere on the page go into the form's file field; while
 * the form is sent, a bar shows which share has been.
 *
 * The form works without this module; htmx sends it and follows the answer.
 */
class BatchUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.input = this.querySelector("input[type=file]");
    this.progress = this.querySelector("progress");
    this.error = this.querySelector("[role=alert]");
    this.listening = new AbortController();
    const on = (target, type, handler) =>
      target.addEventListener(type, handler, { signal: this.listening.signal });

    on(document, "dragover", (event) => this.dragged(event));
    on(document, "dragleave", (event) => event.relatedTarget || this.classList.remove("over"));
    on(document, "drop", (event) => this.dropped(event));
    on(this.input, "change", () => this.show());
    on(this.form, "submit", (event) => this.check(event));
    on(this.form, "htmx:xhr:progress", (event) => this.sent(event.detail));
    on(this.form, "htmx:sendError", () => this.refuse(this.dataset.noAnswer));
    on(this.form, "htmx:responseError", ({ detail }) =>
      this.refuse(detail.xhr.status === 413 ? this.dataset.tooLarge : this.dataset.noAnswer));
  }

  disconnectedCallback() {
    this.listening.abort();
  }

  dragged(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.classList.add("over");
  }

  dropped(event) {
    this.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    this.input.files = event.dataTransfer.files;
    this.show();
  }

  get bytes() {
    return [...this.input.files].reduce((total, file) => total + file.size, 0);
  }

  /** Say what is chosen, by name as long as they are few. */
  show() {
    const names = [...this.input.files].map((file) => file.name);
    const shown = names.length > 4 ? [...names.slice(0, 3), `… (${names.length})`] : names;
    this.querySelector(".chosen").textContent = shown.join(", ");
    if (this.bytes > Number(this.dataset.maxBytes)) this.refuse(this.dataset.tooLarge);
    else this.error.hidden = true;
  }

  check(event) {
    if (this.bytes <= Number(this.dataset.maxBytes)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.refuse(this.dataset.tooLarge);
  }

  sent({ loaded, total }) {
    this.progress.hidden = false;
    this.progress.value = total ? loaded / total : 0;
  }

  refuse(sentence) {
    this.progress.hidden = true;
    this.error.textContent = sentence;
    this.error.hidden = false;
  }
}

customElements.define("batch-upload", BatchUpload);
