// Pointing at boxes: which one is under the pointer, which comes next by keyboard, and what its numbers are.
//
//     of the boxes that hold the point, the smallest is meant

import { box_of, level_grid } from "./marks.js";
import { candidate_fate, anchor_fate, box_words } from "./story.js";
import { clamp } from "./paste.js";
import { digits } from "./dom.js";

/** The node under a pixel of the resized picture, or null. True objects that were lost can be pointed at too. */
export function node_at(app, [x, y]) {
  const inside = pointable(app).filter((node) => {
    const [x1, y1, x2, y2] = box_of(app, node);
    return x1 <= x && x <= x2 && y1 <= y && y <= y2;
  });
  const area = (node) => {
    const [x1, y1, x2, y2] = box_of(app, node);
    return (x2 - x1) * (y2 - y1);
  };
  return inside.reduce((best, node) => (!best || area(node) < area(best) ? node : best), null);
}

/** All boxes of a stage that can be pointed at; where the truth is drawn, the lost objects too. */
export function pointable({ stage, live, ...app }) {
  const nodes = stage.nodes({ stage, live, ...app });
  const lost = ["input", "detections"].includes(stage.id) && live.verdict && app.show_truth ? live.verdict.lost : [];
  return [...nodes, ...lost.map((index) => ({ kind: "truth", index }))];
}

/** The next box (step 1) or the one before (-1), in the order of the stage. */
export function neighbour(app, step) {
  const nodes = pointable(app), now = app.hover ?? app.focus;
  if (!nodes.length) return null;
  const place = nodes.findIndex((node) => node.kind === now?.kind && node.index === now?.index);
  return nodes[place < 0 ? (step > 0 ? 0 : nodes.length - 1) : (place + step + nodes.length) % nodes.length];
}

/** The cell of the chosen level that holds a pixel. */
export function cell_at({ trace, level }, [x, y]) {
  const [stride_y, stride_x] = trace.levels[level].stride, { height, width } = level_grid(trace, level);
  return [clamp(Math.floor(y / stride_y), 0, height - 1), clamp(Math.floor(x / stride_x), 0, width - 1)];
}

/** The numbers of a box in one line. */
export function numbers_of(app, node) {
  const { trace, live } = app, words = box_words(box_of(app, node));
  if (node.kind === "truth") return `True object ${node.index}, lost: ${words}`;
  if (node.kind === "anchor") {
    return `Anchor ${node.index}, probability ${digits(trace.probability(node.index), 3)}, ${words}: ` +
      `${anchor_fate(live, node.index)}`;
  }
  const { label, score } = trace.candidate(node.index);
  return `${trace.class_name(label)} ${digits(score, 3)}, ${words}: ${candidate_fate(live, node.index)}`;
}
