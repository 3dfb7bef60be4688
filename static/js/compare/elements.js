/** Making elements, and writing figures as the page's language does. */
const language = document.documentElement.lang;

/** element("td", {className: "number"}, "1.5"): attributes as properties, then what is in it. */
export function element(name, properties = {}, ...content) {
  const made = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property in made) made[property] = value;
    else made.setAttribute(property, value);
  }
  made.append(...content);
  return made;
}

export function fill(parent, content) {
  parent.replaceChildren(...content);
}

/** "{a} says {b}" with its names filled in. */
export function say(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function number(value, digits = 0) {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString(language, style);
}

/** A share as a cell of a table has it: "39", "9.8", "< 0.1". */
export function shareOf(fraction) {
  const value = 100 * fraction;
  if (value > 0 && value < 0.1) return `< ${number(0.1, 1)}`;
  return number(value, value >= 9.95 || value === 0 ? 0 : 1);
}

/** A fraction as "4.1 %"; a dash where there is none. */
export function percent(fraction, digits = 1) {
  return fraction === null || fraction === undefined ? "–" : `${number(100 * fraction, digits)} %`;
}

/** Milliseconds as "318 ms" or "1.24 s". */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  return milliseconds < 999.5 ? `${number(milliseconds)} ms` : `${number(milliseconds / 1000, 2)} s`;
}
