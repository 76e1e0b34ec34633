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

/** The same as the server would have said it, for `--json`. */
export function failureObject(failure: Failure): object {
  const row = FAILURES[failure.code];
  return {
    type: `urn:tidegate:failure:${failure.code.toLowerCase().replaceAll('_', '-')}`,
    title: failure.code.toLowerCase().replaceAll('_', ' '),
    status: row.status,
    code: failure.code,
    detail: failure.message,
    ...(failure.where === undefined ? {} : { where: failure.where }),
    details: failure.details,
    hint: row.hint,
  };
}

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}
