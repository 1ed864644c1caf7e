// The small worlds: each shows one idea of the detector on a few boxes or numbers, and can stand alone.

import { element } from "./dom.js";
import { anchors_world } from "./worlds/anchor_coverage.js";
import { valley_world } from "./worlds/gradient_valley.js";
import { iou_world } from "./worlds/iou.js";
import { nms_world } from "./worlds/nms_steps.js";
import { precision_recall_world } from "./worlds/precision_recall.js";

export const WORLDS = {
  iou: iou_world, nms: nms_world, precision: precision_recall_world, anchors: anchors_world, valley: valley_world,
};

/** All worlds, folded; one is built when it is opened. */
export function worlds() {
  return element("section", { class: "worlds", "aria-labelledby": "worlds" }, element("h2", { id: "worlds" }, "Small worlds"),
    Object.entries(WORLDS).map(([name, make]) => {
      const fold = element("details", { id: `fold-${name}` }, element("summary", {}, TITLES[name]));
      fold.addEventListener("toggle", () => { if (fold.open && fold.children.length === 1) fold.append(make()); });
      return fold;
    }));
}

const TITLES = {
  iou: "Overlap of two boxes", nms: "Greedy NMS, step by step", precision: "Precision and recall by rank",
  anchors: "Anchors and object sizes", valley: "The valley of the gradient check",
};
