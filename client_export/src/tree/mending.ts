/** Reads what the first sky had to do without: the sky tile and the glow map. */
import { UnreachableError, messageOf } from "../errors.ts";
import type { GlowMap } from "../glow_pass.ts";
import { MOST_RETRY_MS } from "../http.ts";
import type { CellData } from "./cell_data.ts";
import { type TreePack, readGlow, readSky } from "./pack.ts";

export interface MendingEvents {
  onSky(sky: CellData): void;
  onGlow(glow: GlowMap): void;
  onError(message: string): void;
  /** All is here. */
  onMended(): void;
}

export class Mending {
  private reading: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly pack: TreePack,
    private readonly events: MendingEvents,
  ) {
    if (pack.late) this.reading = this.over(pack.late.then((glow) => this.take(glow)));
    else if (pack.unreachable) this.retryLater();
  }

  get isWhole(): boolean {
    return this.pack.sky !== null && this.pack.glow !== null;
  }

  /** Asks again for what is missing. */
  retry(): Promise<void> {
    clearTimeout(this.timer);
    if (!this.isWhole) this.reading ??= this.over(this.read());
    return this.reading ?? Promise.resolve();
  }

  private async read(): Promise<void> {
    const { folder, head, sky, glow } = this.pack;
    if (!sky) this.events.onSky((this.pack.sky = await readSky(folder, head)));
    if (!glow) this.take(await readGlow(folder, head));
  }

  private take(glow: GlowMap): void {
    this.pack.glow = glow;
    this.events.onGlow(glow);
  }

  private async over(reading: Promise<void>): Promise<void> {
    try {
      await reading;
      if (this.isWhole) this.events.onMended();
    } catch (reason) {
      this.events.onError(messageOf(reason));
      if (reason instanceof UnreachableError) this.retryLater();
    } finally {
      this.reading = null;
    }
  }

  private retryLater(): void {
    this.timer = setTimeout(() => void this.retry(), MOST_RETRY_MS);
  }
}
