/** <copy-link>: a link to share, with a button that puts it on the clipboard. */
class CopyLink extends HTMLElement {
  connectedCallback() {
    const field = this.querySelector("input");
    const button = this.querySelector("button");
    field.addEventListener("focus", () => field.select());
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      button.textContent = this.dataset.copied;
    });
  }
}

customElements.define("copy-link", CopyLink);
