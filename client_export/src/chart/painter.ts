/** The canvas over the sky that charts are drawn on: crisp at any density, and hidden while there is nothing on it. */
import type { Box } from "../overlay.ts";
import type { ScreenSize } from "../star_pass.ts";
import { TEXT } from "../text/text.ts";
import type { Segment } from "./projection.ts";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const TEXT_PX = 12;
/** Between two texts, CSS pixels. */
const GAP_PX = 4;

export class Painter {
  private used = false;
  private texts: Box[] = [];
  private readonly context: CanvasRenderingContext2D;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error(TEXT.show.noCanvas);
    this.context = context;
  }

  /** Begins a picture of `size`. `taken` are boxes, CSS pixels, that texts keep out of. */
  begin(size: ScreenSize, taken: readonly Box[]): void {
    const { canvas, context } = this;
    const [width, height] = [Math.round(size.width * size.density), Math.round(size.height * size.density)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    else if (this.used) context.clearRect(0, 0, width, height);
    context.setTransform(size.density, 0, 0, size.density, 0, 0);
    this.used = false;
    this.texts = [...taken];
  }

  /** Ends it. */
  end(): void {
    this.canvas.hidden = !this.used;
  }

  /** Strokes lines as one: where they cross they are no brighter. */
  lines(segments: readonly Segment[], color: string, width = 1): void {
    if (segments.length === 0) return;
    const { context } = this;
    context.beginPath();
    let at: Segment | null = null;
    for (const segment of segments) {
      if (at?.x1 !== segment.x0 || at?.y1 !== segment.y0) context.moveTo(segment.x0, segment.y0);
      context.lineTo(segment.x1, segment.y1);
      at = segment;
    }
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
    this.used = true;
  }

  /** Fills a polygon. */
  shape(corners: readonly (readonly [number, number])[], color: string): void {
    const { context } = this;
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x, y);
    context.fillStyle = color;
    context.fill();
    this.used = true;
  }

  /** Draws circles about the points x, y, x, y, ... of one `color`: filled, or as rings of a `width`. */
  circles(places: readonly number[], radius: number, color: string, width = 0): void {
    const { context } = this;
    context.fillStyle = context.strokeStyle = color;
    context.lineWidth = width;
    for (let at = 0; at < places.length; at += 2) {
      context.beginPath();
      context.arc(places[at], places[at + 1], radius, 0, 2 * Math.PI);
      if (width > 0) context.stroke();
      else context.fill();
    }
    this.used ||= places.length > 0;
  }

  /** Keeps texts out of a box. */
  keep(box: Box): void {
    this.texts.push(box);
  }

  widthOf(text: string): number {
    this.context.font = `${TEXT_PX}px ${FONT}`;
    return this.context.measureText(text).width;
  }

  /** Writes `text` about (x, y) where no other text is; false where one is. `align` says what of the text is at x. */
  text(text: string, x: number, y: number, color: string, align: "left" | "center" | "right" = "center"): boolean {
    const { context } = this;
    const width = this.widthOf(text);
    const left = align === "left" ? x : align === "right" ? x - width : x - width / 2;
    const box = { left, right: left + width, top: y - TEXT_PX / 2, bottom: y + TEXT_PX / 2 };
    if (this.texts.some((other) => overlap(box, other))) return false;
    this.texts.push(box);
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = "rgb(0 0 0 / 70%)";
    context.strokeText(text, left, y);
    context.fillStyle = color;
    context.fillText(text, left, y);
    this.used = true;
    return true;
  }
}

const overlap = (a: Box, b: Box) =>
  a.left < b.right + GAP_PX && b.left < a.right + GAP_PX && a.top < b.bottom + GAP_PX && b.top < a.bottom + GAP_PX;
