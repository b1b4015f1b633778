// Reads an SPZ file with Niantic's own library and writes down what is in it, in the axes of the file or in those named.
// Arguments: the file, axes such as RDF. The last line of standard output: {count, antialiased, positions, scales,
// rotations, alphas, colors, sh}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_export/package.json", import.meta.url));
const spz = await require("@adobe/spz").default();
const cloud = spz.loadSpzFromBuffer(readFileSync(process.argv[2]), { to: spz.CoordinateSystem[process.argv[3] ?? "RUB"] });
const { numPoints: count, antialiased } = cloud;
const columns = ["positions", "scales", "rotations", "alphas", "colors", "sh"].map((name) => [name, [...cloud[name]]]);
process.stdout.write(JSON.stringify({ count, antialiased, ...Object.fromEntries(columns) }));
