/**
 * What forms that take files share: files dropped anywhere on the page, the share that has been sent
 * while htmx sends the form, and what is told when that fails. A subclass says what it takes.
 */
export class UploadField extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.input = this.querySelector("input[type=file]");
    this.progress = this.querySelector("progress");
    this.error = this.querySelector("[role=alert]");
    this.listening = new AbortController();

    this.on(document, "dragover", (event) => this.dragged(event));
    this.on(document, "dragleave", (event) => event.relatedTarget || this.classList.remove("over"));
    this.on(document, "drop", (event) => this.dropped(event));
    this.on(this.form, "htmx:xhr:progress", (event) => this.sent(event.detail));
    this.on(this.form, "htmx:sendError", () => this.refuse(this.dataset.noAnswer));
    this.on(this.form, "htmx:responseError", ({ detail }) => this.refuse(this.reason(detail.xhr)));
  }

  disconnectedCallback() {
    this.listening.abort();
  }

  /** Listen for as long as the element is on the page. */
  on(target, type, handler) {
    target.addEventListener(type, handler, { signal: this.listening.signal });
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
    this.take(event.dataTransfer.files);
  }

  reason(answer) {
    if ([401, 403].includes(answer.status)) return this.dataset.signedOut;
    return answer.status === 413 ? this.dataset.tooLarge : this.dataset.noAnswer;
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
