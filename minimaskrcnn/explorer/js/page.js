// The explorer: one picture, a rail of stages, the thresholds and the stories of its boxes.
//
// The state of the page is one object, `app`; whatever changes it calls `refresh`, and `look` where only what is
// pointed at has changed.

import { bench } from "./bench.js";
import { ARTICLE, SLOPE, pieces_of } from "./bench_maps.js";
import { PictureView } from "./canvas.js";
import { element } from "./dom.js";
import { page_frame } from "./frame.js";
import { listen } from "./hands.js";
import { Live } from "./live.js";
import { picker } from "./picker.js";
import { cell_at, numbers_of, pointable } from "./pointing.js";
import { rail, stage_words } from "./rail.js";
import { stages_of } from "./stages.js";
import { paint_story, story_panel } from "./storyboard.js";
import { threshold_panel } from "./thresholds.js";
import { open_trace } from "./trace.js";
import { worlds } from "./worlds.js";

async function start() {
  const trace = await open_trace(JSON.parse(document.getElementById("content").textContent));
  const image = new Image();
  image.src = trace.picture.address;
  await image.decode();
  explore(trace, image);
  document.body.dataset.ready = "true";
}

/** Build the page of a trace. */
function explore(trace, image) {
  const stages = stages_of(trace), live = new Live(trace);
  const app = {
    trace, live, stages, number: 0, stage: stages[0], focus: null, hover: null, show_truth: Boolean(trace.truth),
    map: trace.maps[0], channel: 0, level: 0, opacity: 0.75,
  };
  app.cell = first_cell(app);
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-describedby": "keys" });
  const view = new PictureView(canvas, image, trace.resized_size, () => {
    app.stage.paint(app, view);
    paint_story(app, view);
  });
  app.go_to = (number) => {
    Object.assign(app, { number, stage: stages[number], hover: null });
    app.refresh();
  };
  app.choose = (node) => {
    Object.assign(app, { focus: node, hover: null });
    app.refresh();
  };
  const parts = {
    canvas, view,
    list: rail(stages, app.go_to),
    ...stage_words(stages, (step) => app.go_to(app.number + step)),
    pick_map: picker(app),
    status: element("p", { class: "status", role: "status" }),
    story: story_panel(app),
    thresholds: threshold_panel(app, () => app.refresh()),
  };
  app.refresh = () => {
    for (const part of [parts.list, parts.words, parts.steps]) part.show(app.number);
    for (const part of [parts.pick_map, parts.story, parts.thresholds]) part.refresh();
    canvas.setAttribute("aria-label", `${app.stage.name}: the picture, with ${pointable(app).length} boxes to visit`);
    app.look();
  };
  app.look = () => {
    parts.status.textContent = app.hover ? numbers_of(app, app.hover) : "";
    view.draw();
  };
  listen(app, view);
  parts.bench = bench([ARTICLE, SLOPE, ...pieces_of(trace, live)]);
  parts.worlds = worlds();
  document.body.append(...page_frame(app, parts));
  app.refresh();
}

/** The cell of the finest level under the best detection, or in the middle of the picture. */
function first_cell({ trace, live }) {
  const [height, width] = trace.resized_size, [best] = live.detections.kept;
  const [x1, y1, x2, y2] = best === undefined ? [0, 0, width, height] : trace.candidate(best).box;
  return cell_at({ trace, level: 0 }, [(x1 + x2) / 2, (y1 + y2) / 2]);
}

start();
