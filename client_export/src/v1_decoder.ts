/** Decodes cells of packs v1 in the worker, those together that come together: a pack may have ten thousand. */
import type { Cell } from "./cell.ts";
import { SiteError } from "./errors.ts";
import { Decoder, startWorker } from "./tree/decoder.ts";
import { type FileOfCell, type FilesJob, decodeFiles } from "./v1_file.ts";

interface Waiting {
  file: FileOfCell;
  bytes: Uint8Array;
  resolve: (cell: Cell) => void;
  reject: (reason: unknown) => void;
}

export class FileDecoder {
  private decoder: Decoder<FilesJob, (Cell | string)[]> | null = null;
  private waiting: Waiting[] = [];

  /** The cell of a file. @throws SiteError where that is damaged. */
  decode(file: FileOfCell, bytes: Uint8Array): Promise<Cell> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) queueMicrotask(() => void this.send());
      this.waiting.push({ file, bytes, resolve, reject });
    });
  }

  private async send(): Promise<void> {
    const sent = this.waiting;
    this.waiting = [];
    // A copy, which the worker may keep: the bytes lie in those of a whole request.
    const bytes = new Uint8Array(sent.reduce((sum, { file }) => sum + file.size, 0));
    let end = 0;
    for (const { file, bytes: part } of sent) {
      bytes.set(part, end);
      end += file.size;
    }
    this.decoder ??= new Decoder(startWorker, decodeFiles);
    try {
      const cells = await this.decoder.decode({ bytes, files: sent.map(({ file }) => file) });
      sent.forEach(({ resolve, reject }, i) => {
        const cell = cells[i];
        if (typeof cell === "string") reject(new SiteError(cell));
        else resolve(cell);
      });
    } catch (reason) {
      for (const { reject } of sent) reject(reason);
    }
  }
}
