import { openMirror } from "./src/audit/mirror/open.ts";
import { mirrorFolder } from "./src/local/mirror-folder.ts";
import { scanObjects } from "./src/audit/scan.ts";
const store = openMirror(mirrorFolder("/tmp/scale-100k"));
const c = process.cpuUsage(); let n=0;
for await (const o of scanObjects(store, "v1/rec/")) n++;
const d = process.cpuUsage(c); console.log("scan", (d.user+d.system)/n);
