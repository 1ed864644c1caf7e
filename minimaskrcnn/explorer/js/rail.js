// The rail: one step for each stage, in the order of the forward pass, with back and next.

import { button, element, fill } from "./dom.js";

/** The list of stages; `go(number)` is called when one is chosen. */
export function rail(stages, go) {
  const steps = stages.map((stage, i) => button(`${i + 1}. ${stage.name}`, () => go(i)));
  const made = element("nav", { class: "rail", "aria-label": "Stages" },
    element("ol", {}, steps.map((step) => element("li", {}, step))));
  made.show = (number) => steps.forEach((step, i) => {
    if (i === number) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
    if (i === number) keep_in_sight(step);
  });
  return made;
}

/** Scroll the rail alone, not the page, so that a step can be seen. */
function keep_in_sight(step) {
  const list = step.closest("ol");
  list.scrollLeft = step.offsetLeft - list.clientWidth / 2 + step.clientWidth / 2;
}

/** What a stage says: its name, two sentences, the formula, the function, and what can be done. */
export function stage_words(stages, go) {
  const made = element("section", { class: "stage", "aria-live": "polite" });
  made.show = (number) => {
    const { name, text, formula, code, hint } = stages[number];
    fill(made,
      element("h2", {}, `${number + 1}. ${name}`), element("p", {}, text),
      element("p", { class: "formula" }, formula),
      element("p", { class: "code" }, "In the package: ", element("code", {}, `minimaskrcnn.${code}`)),
      hint ? element("p", { class: "hint" }, hint) : null);
  };
  const back = button("Back", () => go(-1), { class: "step" }), next = button("Next", () => go(1), { class: "step" });
  const steps = element("div", { class: "steps" }, back, next);
  steps.show = (number) => {
    back.toggleAttribute("disabled", number === 0);
    next.toggleAttribute("disabled", number === stages.length - 1);
  };
  return { words: made, steps };
}
