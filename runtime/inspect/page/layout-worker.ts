/** ELK in a worker of its own: it takes graphs and gives layouts (elkjs has the protocol). It is large, and loaded only when a chart is looked at. */
import 'elkjs/lib/elk-worker.min.js';
