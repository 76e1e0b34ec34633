import { FAILURES, type Failure, type FailureCode } from '../plans/failures.ts';

/** A failure as text: what happened and its code, where, every detail, and what to do about it. */
export function failureLines(failure: Failure, paint: (text: string) => string): string[] {
  return [
    `tidegate: ${paint(failure.message)} (${failure.code})`,
    ...(failure.where === undefined ? [] : [`  at ${failure.where}`]),
    ...failure.details.map((detail) => `  ${detail}`),
    `  ${FAILURES[failure.code].hint}`,
  ];
}

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}
