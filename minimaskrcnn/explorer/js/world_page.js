// One small world as a page of its own; the content names it.

import { element } from "./dom.js";
import { WORLDS } from "./worlds.js";

const { world: name } = JSON.parse(document.getElementById("content").textContent);
document.body.append(element("main", {}, element("h1", {}, "A small world of Mask R-CNN"), WORLDS[name]()));
document.body.dataset.ready = "true";
