// The frame that all small worlds share: a name, two sentences, the formula, the function, and what can be touched.

import { element } from "../dom.js";

/** A section of one small world. */
export function world({ id, name, text, formula, code }, ...children) {
  return element("section", { class: "world", "aria-labelledby": `world-${id}` },
    element("h2", { id: `world-${id}` }, name), element("p", {}, text), element("p", { class: "formula" }, formula),
    element("p", { class: "code" }, "In the package: ", element("code", {}, `minimaskrcnn.${code}`)), ...children);
}
