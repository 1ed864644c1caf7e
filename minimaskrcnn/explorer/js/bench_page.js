// The RoI bench as a page of its own: its maps are those that the page was written with, and two examples.

import { bench } from "./bench.js";
import { ARTICLE, SLOPE } from "./bench_maps.js";
import { element } from "./dom.js";

const { maps } = JSON.parse(document.getElementById("content").textContent);
document.body.append(element("main", {}, element("h1", {}, "RoI operators explored"), bench([...maps, ARTICLE, SLOPE])));
document.body.dataset.ready = "true";
