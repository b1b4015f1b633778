/** The worker of `decoder.ts`. */
import { plainOf } from "../errors.ts";
import { type TileJob, decodeCells } from "./cell_data.ts";
import type { Answer } from "./decoder.ts";

interface Scope {
  onmessage: (event: MessageEvent<{ id: number; job: TileJob }>) => void;
  postMessage(message: Answer, transfer?: Transferable[]): void;
}

const scope = self as unknown as Scope;
scope.onmessage = ({ data: { id, job } }) => {
  try {
    const cells = decodeCells(job);
    const buffers = cells.flatMap(({ stars, soft, standing }) => [stars, soft, ...standing].flatMap(buffersOf));
    scope.postMessage({ id, cells }, buffers);
  } catch (reason) {
    scope.postMessage({ id, problem: plainOf(reason) });
  }
};

/** Handed over rather than copied. */
const buffersOf = (value: object | null): ArrayBuffer[] =>
  Object.values(value ?? {}).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : []));
