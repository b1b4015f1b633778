/** The worker of `finder.ts`. */
import { plainOf } from "../errors.ts";
import { Answers, type NamesOf, type Question, answerTo } from "./answers.ts";

interface Scope {
  onmessage: (event: MessageEvent<NamesOf | { id: number; question: Question }>) => void;
  postMessage(message: { id: number; answer?: unknown; problem?: string }): void;
}

const scope = self as unknown as Scope;
let files: NamesOf | null = null;
let answers: Answers | null = null;
scope.onmessage = ({ data }) => {
  if ("landmarks" in data) {
    files = data;
    return;
  }
  const { id, question } = data;
  try {
    answers ??= new Answers(files as NamesOf);
    scope.postMessage({ id, answer: answerTo(answers, question) });
  } catch (reason) {
    scope.postMessage({ id, problem: plainOf(reason) });
  }
};
