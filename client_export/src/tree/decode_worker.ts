/** The worker of `decoder.ts`. */
import { plainOf } from "../errors.ts";
import { type FilesJob, decodeFiles } from "../v1_file.ts";
import { type TileJob, decodeCells } from "./cell_data.ts";
import type { Answer } from "./decoder.ts";

interface Scope {
  onmessage: (event: MessageEvent<{ id: number; job: TileJob | FilesJob }>) => void;
  postMessage(message: Answer, transfer?: Transferable[]): void;
}

const scope = self as unknown as Scope;
scope.onmessage = ({ data: { id, job } }) => {
  try {
    const decoded = "files" in job ? decodeFiles(job) : decodeCells(job);
    scope.postMessage({ id, decoded }, [...new Set(buffersOf(decoded))]);
  } catch (reason) {
    scope.postMessage({ id, problem: plainOf(reason) });
  }
};

/** Handed over rather than copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  return value && typeof value === "object" ? Object.values(value).flatMap(buffersOf) : [];
}
