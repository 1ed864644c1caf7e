// The story of the chosen box beside the picture, and its boxes upon it.
//
// Each box of a story has a place, and with it a colour, a dash and a letter: a, b, c.

import { style_of } from "./colours.js";
import { draw_box } from "./draw.js";
import { button, digits, element, fill } from "./dom.js";
import { box_of } from "./marks.js";
import { story_of } from "./story.js";

/** The panel that tells the story of `app.focus`. */
export function story_panel(app) {
  const made = element("section", { class: "story", "aria-labelledby": "story", "aria-live": "polite" });
  made.refresh = () => {
    app.story = app.focus ? story_of(app.live, app.focus) : null;
    const heading = element("h2", { id: "story" }, app.story ? app.story.title : "The story of a box");
    if (!app.story) return fill(made, heading, element("p", {}, invitation(app)));
    fill(made, heading, legend(app.story), element("ol", {}, app.story.lines.map((line) => told(app, line))),
      class_bars(app), button("Close the story", () => app.choose(null)));
  };
  return made;
}

function invitation({ live }) {
  const lost = live.verdict?.lost.length ? " Click a true object that was lost to see where." : "";
  return `Click a box in the picture: you see where it came from and what became of it.${lost}`;
}

/** A sentence; the box that it speaks of can be gone to. */
function told(app, { words, kind, index }) {
  const there = kind && !(kind === app.focus.kind && index === app.focus.index);
  return element("li", {}, words, there ? button(`Go to this ${kind === "anchor" ? "anchor" : "box"}`,
    () => app.choose({ kind, index }), { class: "link" }) : null);
}

/** Which line on the picture is which box. */
function legend({ boxes }) {
  return element("ul", { class: "legend" }, boxes.map(({ name }, i) => {
    const { colour, dash } = style_of(i), line = element("span", { class: "line", "aria-hidden": "true" });
    line.style.borderTop = `3px ${dash.length ? (dash[0] < 4 ? "dotted" : "dashed") : "solid"} ${colour}`;
    return element("li", {}, line, `${letter(i)}: ${name}`);
  }));
}

/** The boxes of the story and the one that is pointed at. */
export function paint_story(app, view) {
  app.story?.boxes.forEach(({ box }, i) => draw_box(view, box, { ...style_of(i), width: 3, label: letter(i) }));
  if (app.hover) draw_box(view, box_of(app, app.hover), { colour: "#ffffff", width: 3 });
}

/** The class scores of the RoI that the story is about, as bars. */
function class_bars({ trace, focus }) {
  const roi = focus.kind === "candidate" ? trace.candidate(focus.index).roi
    : focus.kind === "anchor" ? trace.roi_of_anchor.get(focus.index) : undefined;
  if (roi === undefined) return null;
  const scores = trace.class_scores(roi).map((score, label) => ({ score, label }));
  const shown = scores.sort((a, b) => b.score - a.score).slice(0, 5);
  return element("table", { class: "bars" }, element("caption", {}, `Class scores of proposal ${roi}`),
    element("tbody", {}, shown.map(({ score, label }) => {
      const bar = element("div", { class: "bar" });
      bar.style.width = `${100 * score}%`;
      return element("tr", {}, element("th", { scope: "row" }, trace.class_name(label)),
        element("td", {}, digits(score, 3)), element("td", { "aria-hidden": "true" }, bar));
    })));
}

function letter(place) {
  return "abcdefgh"[place];
}
