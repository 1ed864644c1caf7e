// Mouse, fingers and keys on the picture.
//
//     arrows: the next box and the one before    Enter: its story    Escape: close it
//     + - 0: zoom    Shift and arrows: move      on the stage of anchors, arrows move the cell

import { clamp } from "./paste.js";
import { cell_at, neighbour, node_at } from "./pointing.js";
import { level_grid } from "./marks.js";

export const KEYS = "Keys on the picture: arrows visit the boxes, Enter tells the story, Escape closes it, " +
  "+ and - zoom, 0 shows all, Shift with arrows moves.";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAN = 60; // screen pixels per key

/** Let the canvas answer. */
export function listen(app, view) {
  const { canvas } = view;
  canvas.addEventListener("pointermove", (event) => {
    if (view.dragged && view.fingers.size) return;
    point_at(app, node_at(app, view.pixel_at(event)));
  });
  canvas.addEventListener("pointerleave", () => point_at(app, null));
  canvas.addEventListener("click", (event) => {
    if (!view.dragged) click(app, view.pixel_at(event));
  });
  canvas.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && key(app, view, event)) event.preventDefault();
  });
}

function point_at(app, node) {
  if (app.hover?.kind === node?.kind && app.hover?.index === node?.index) return;
  app.hover = node;
  app.look();
}

function click(app, pixel) {
  if (app.stage.controls === "cell") app.cell = cell_at(app, pixel);
  app.choose(app.stage.controls === "cell" ? app.focus : node_at(app, pixel));
}

/** Answer a key; true where it meant something. */
function key(app, view, event) {
  const arrow = ARROWS[event.key];
  if (arrow && event.shiftKey) view.pan_by(-PAN * arrow[0], -PAN * arrow[1]);
  else if (arrow && app.stage.controls === "cell") move_cell(app, arrow);
  else if (arrow) point_at(app, neighbour(app, arrow[0] + arrow[1]));
  else if (event.key === "Enter" && app.hover) app.choose(app.hover);
  else if (event.key === "Escape") app.choose(null);
  else if (event.key === "+" || event.key === "=") view.zoom_by(1.5);
  else if (event.key === "-") view.zoom_by(1 / 1.5);
  else if (event.key === "0") view.fit();
  else return false;
  return true;
}

function move_cell(app, [dx, dy]) {
  const { height, width } = level_grid(app.trace, app.level), [y, x] = app.cell;
  app.cell = [clamp(y + dy, 0, height - 1), clamp(x + dx, 0, width - 1)];
  app.refresh();
}
