/**
 * <dataset-import>: a zip dropped anywhere on the page goes to REST as soon as it is chosen; the page
 * of the import follows. What is wrong with the zip is told here. Where the form has a button, as
 * that of a network has, it is sent by that, and says until then which file was chosen.
 */
import { UploadField } from "../upload-field.js";

class DatasetImport extends UploadField {
  connectedCallback() {
    super.connectedCallback();
    this.on(this.input, "change", () => this.chosen());
    this.on(this.form, "htmx:configRequest", ({ detail }) => {
      detail.headers["X-CSRFToken"] = this.dataset.token;
    });
    this.on(this.form, "htmx:afterRequest", ({ detail }) => detail.successful && this.follow(detail.xhr));
  }

  take(files) {
    this.input.files = files;
    this.chosen();
  }

  chosen() {
    if (!this.form.querySelector("button")) return this.form.requestSubmit();
    const [file] = this.input.files;
    if (file) this.querySelector(".drop-words .button").textContent = file.name;
  }

  follow(answer) {
    const { id } = JSON.parse(answer.response);
    location.assign(this.dataset.page.replace(/0{8}-.*(?=\/)/, id));
  }

  reason(answer) {
    if (answer.status === 413) return this.dataset.tooLarge;
    try {
      const { detail, errors } = JSON.parse(answer.response);
      return Object.values(errors ?? {}).flat().join(" ") || detail;
    } catch {
      return this.dataset.noAnswer;
    }
  }
}

customElements.define("dataset-import", DatasetImport);
