/** What a page asks about names, and the answers: pure, for a worker. */
import { type Landmark, isStar } from "../landmark.ts";
import { type Vec3, length, sub } from "../vec.ts";
import { type Match, NameIndex } from "./name_index.ts";
import { type Called, calledLandmarks, parseNames } from "./names_file.ts";

/** The files of a site: its landmarks, and its names if it has them. */
export interface NamesOf {
  landmarks: readonly Landmark[];
  names: [text: string, what: string] | null;
  /** What a star is called that has nothing more to say. */
  star: string;
}

/** A star is the named one that it lies this near to, as a share of its distance from the Sun. */
const SAME_PLACE = 2e-6;

export class Answers {
  private called: readonly Called[];
  private index: NameIndex | null = null;

  /** @throws SiteError where the file of names is damaged. */
  constructor({ landmarks, names, star }: NamesOf) {
    this.called = names ? parseNames(...names, landmarks, star) : calledLandmarks(landmarks);
  }

  /** Up to `most` places for what was typed, the likeliest first. */
  find(typed: string, most: number): Match[] {
    this.index ??= new NameIndex(this.called);
    return this.index.find(typed, most);
  }

  /** What the star at `position`, metres, is called; null where it has no name. */
  at(position: Vec3): Called | null {
    let [nearest, found]: [number, Called | null] = [SAME_PLACE * length(position), null];
    for (const each of this.called) {
      const apart = isStar(each.place) ? length(sub(each.place.position, position)) : Infinity;
      if (apart <= nearest) [nearest, found] = [apart, each];
    }
    return found;
  }
}

/** A question to `Answers`: the method and what it is given. */
export type Question = { find: [string, number] } | { at: [Vec3] };

/** @throws SiteError as `Answers`. */
export function answerTo(answers: Answers, question: Question): Match[] | Called | null {
  return "find" in question ? answers.find(...question.find) : answers.at(...question.at);
}
