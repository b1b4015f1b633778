// Serves a folder by HTTP/2 alone, over TLS: `node http2_server.mjs FOLDER KEY CERTIFICATE`. Prints its port, and then each
// request as a line of JSON: {path, range, version}. Ends with its standard input.
import { readFileSync, statSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { extname, join, normalize } from "node:path";

const [folder, key, certificate] = process.argv.slice(2);
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};

const server = createSecureServer({
  key: readFileSync(key),
  cert: readFileSync(certificate),
  allowHTTP1: false,
});
server.on("request", (request, response) => {
  const { pathname } = new URL(request.url, "https://localhost");
  const range = request.headers.range ?? null;
  process.stdout.write(
    `${JSON.stringify({ path: pathname, range, version: request.httpVersion })}\n`,
  );
  const path = join(
    folder,
    normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname),
  );
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const bytes = readFileSync(path);
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
  if (!asked) {
    response.writeHead(200, { "content-type": type }).end(bytes);
    return;
  }
  const [first, last] = [Number(asked[1]), Math.min(Number(asked[2]), bytes.length - 1)];
  response
    .writeHead(206, {
      "content-type": type,
      "content-range": `bytes ${first}-${last}/${bytes.length}`,
    })
    .end(bytes.subarray(first, last + 1));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit());
process.stdin.resume();
