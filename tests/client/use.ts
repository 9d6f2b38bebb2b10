// What an integrator writes against the generated types: it compiles only while the description says what clients rely on.
import type { components, paths } from "./api";

type Schemas = components["schemas"];
type Body<P extends keyof paths> = paths[P] extends { post: { requestBody: { content: infer C } } } ? C : never;

export const question: Body<"/api/v1/ask"> = { "application/json": { question: "What does a permit cost?" } };
export const vote: Body<"/api/v1/questions/{key}/feedback"> = { "application/json": { helpful: true } };

export function spoken(asked: Schemas["Asked"]): string {
  if (asked.outcome === "abstained") return asked.nearest.map((each) => each.text).join("\n");
  return asked.segments.map((each) => `${each.text} ${each.citations.map((n) => `[${n}]`).join("")}`).join(" ");
}

export function titles(page: Schemas["Questions"]): [string, "ltr" | "rtl"][] {
  return page.results.map((row) => [row.text.text, row.text.dir]);
}

export function shown(question: Schemas["Question"]): string {
  return question.answer === null ? question.page : question.answer.text;
}

export function explained(problem: Schemas["Problem"]): string {
  return `${problem.title}: ${problem.detail}`;
}

export const source: Schemas["NewSourceRequest"] = { locale: "en", text: "# Hours\n\nWe open at nine.\n" };
