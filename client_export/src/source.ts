/** Where the splats that are shown come from: what the page asks of it, whatever the format of its packs. */
import type { Camera } from "./camera.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import type { Shown } from "./stage.ts";
import type { Vec3 } from "./vec.ts";

export interface View {
  camera: Camera;
  /** CSS pixels. */
  width: number;
  height: number;
  /** Where the camera will be after a flight that is under way, metres. */
  goal?: Vec3 | undefined;
}

export interface SourceEvents {
  /** A cell has come into the store. */
  onCell(store: SplatStore, cell: StoredCell): void;
  /** Something could not be read; the rest goes on. */
  onError(message: string): void;
  /** All is here that `onError` has told of. */
  onMended?(): void;
  /** `done` of `known` bytes that are wanted are read; none is known when nothing more comes. */
  onProgress(done: number, known: number): void;
  /** What is shown is other than it was. */
  onChange(): void;
}

export interface Source extends Shown {
  /** Brings what is shown up to date at `now`, milliseconds; true where it goes on changing without being moved. */
  update(view: View, now: number): boolean;
  /** Loads what `view` needs and does not have. */
  load(view: View): void;
  /** Resolves when all that `view` needs is there, and shown without any fade. */
  settle(view: View): Promise<void>;
  /** Asks again for what could not be read. */
  retry(): void;
}
