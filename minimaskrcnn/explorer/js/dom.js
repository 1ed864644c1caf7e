// Elements of the page. Words reach the page as text and never as HTML: names of files and classes are hostile.

/** An element with properties, attributes, event handlers ("onclick") and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Replace what an element holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** A labelled slider; `on_change(number)` runs at once while it moves. */
export function slider({ label, min, max, step, value, on_change, format = String }) {
  const shown = element("output", {}, format(value));
  const input = element("input", { type: "range", min, max, step, value, oninput: () => {
    shown.textContent = format(Number(input.value));
    on_change(Number(input.value));
  } });
  input.value = value;
  // The label belongs to the first of the two, so the input stands before the output.
  const box = element("label", { class: "slider" }, element("span", {}, label), input, shown);
  box.set = (number) => { input.value = number; shown.textContent = format(number); };
  return box;
}

/** A labelled choice; `options` are [value, words]. */
export function choice({ label, options, value, on_change }) {
  const select = element("select", { onchange: () => on_change(select.value) },
    options.map(([key, words]) => element("option", { value: key }, words)));
  select.value = value;
  const box = element("label", { class: "choice" }, element("span", {}, label), select);
  box.set = (key) => { select.value = key; };
  return box;
}

/** A check box. */
export function tick({ label, checked, on_change }) {
  const input = element("input", { type: "checkbox", onchange: () => on_change(input.checked) });
  input.checked = checked;
  const box = element("label", { class: "tick" }, input, element("span", {}, label));
  box.set = (is_on) => { input.checked = is_on; };
  return box;
}

export function button(words, on_click, properties = {}) {
  return element("button", { type: "button", onclick: on_click, ...properties }, words);
}

/** A number with so many digits behind the point. */
export function digits(value, count = 2) {
  return Number.isFinite(value) ? value.toFixed(count) : "no number";
}

/** "1 box", "2 boxes". */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
