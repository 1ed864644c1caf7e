// The frame of the page: what stands where.

import { button, element, tick } from "./dom.js";
import { KEYS } from "./hands.js";

/** Header and main part. */
export function page_frame(app, parts) {
  const { trace } = app, { list, words, steps, pick_map, canvas, view, status, story, thresholds, bench, worlds } = parts;
  return [
    element("header", {}, element("h1", {}, "Mask R-CNN explored"), facts(trace)),
    element("main", {},
      list,
      element("div", { class: "desk" },
        element("div", { class: "left" },
          element("div", { class: "picture" }, canvas), zoom_buttons(app, view),
          element("p", { id: "keys", class: "keys" }, KEYS), status),
        element("div", { class: "guide" }, words, pick_map, steps), story),
      thresholds, bench, worlds),
  ];
}

/** What the reader should know about this run. */
function facts(trace) {
  const [height, width] = trace.image_size, [h, w] = trace.resized_size;
  const rows = { picture: trace.title, ...trace.facts, size: `${width}x${height} pixels, seen at ${w}x${h}` };
  if (trace.picture.note) rows.display = trace.picture.note;
  return element("dl", {}, Object.entries(rows).filter(([, words]) => words).map(([name, words]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, words))));
}

function zoom_buttons(app, view) {
  const truth = tick({ label: "true objects", checked: app.show_truth, on_change: (is_on) => {
    app.show_truth = is_on;
    app.refresh();
  } });
  return element("div", { class: "zoom" },
    button("Zoom in", () => view.zoom_by(1.5)), button("Zoom out", () => view.zoom_by(1 / 1.5)),
    button("Show all", () => view.fit()), app.trace.truth ? truth : null);
}
