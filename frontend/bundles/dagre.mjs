// The layout of graphs: ranks, orders and distances of boxes.
import dagre from "@dagrejs/dagre";

export { dagre };
