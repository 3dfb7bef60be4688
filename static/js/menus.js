/**
 * Menus (details.menu) close on Escape, on a press outside of them, and once a choice is made: a
 * link followed, a form sent. An open one would cover what lies below it after a download, which
 * leaves the page as it is. A form is sent once, however often its button is pressed.
 */
const open = () => document.querySelector("details.menu[open]");

document.addEventListener("pointerdown", (event) => {
  const menu = open();
  if (menu && !menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const menu = open();
  if (event.key !== "Escape" || !menu) return;
  event.preventDefault(); // else the page beneath would leave something too
  close(menu);
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("a[href]")) close(target.closest("details.menu"));
});

// A form that is not filled in sends no "submit": its menu stays, with what is wrong.
document.addEventListener("submit", ({ target, submitter }) => {
  close((submitter ?? target).closest("details.menu"));
});

const AGAIN = 2000; // milliseconds: longer than a double click, shorter than a second thought

// Those that htmx sends say so themselves, by hx-sync; a dialog's close it as often as it is opened.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, AGAIN);
});

/** Close a menu, and give the keyboard back to what opened it. */
function close(menu) {
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}
