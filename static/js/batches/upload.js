/**
 * <batch-upload>: images or a zip dropped anywhere on the page go into the form's file field; while
 * the form is sent, a bar shows which share has been.
 *
 * The form works without this module; htmx sends it and follows the answer.
 */
import { UploadField } from "../upload-field.js";

class BatchUpload extends UploadField {
  connectedCallback() {
    super.connectedCallback();
    this.on(this.input, "change", () => this.show());
    this.on(this.form, "submit", (event) => this.check(event));
  }

  take(files) {
    this.input.files = files;
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
}

customElements.define("batch-upload", BatchUpload);
