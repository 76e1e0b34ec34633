import { FAILURES, type Failure, type FailureCode } from './failures.ts';

/** RFC 9457 problem details, all but what only its sender knows. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  code: FailureCode;
  detail: string;
  where?: string;
  details: string[];
  hint: string;
}

/** A failure for programs; all but the sentence itself comes from the table of failures. */
export function problemDetails(failure: Failure): ProblemDetails {
  const { status, hint } = FAILURES[failure.code];
  return {
    type: `urn:tidegate:failure:${failure.code.toLowerCase().replaceAll('_', '-')}`,
    title: failure.code.toLowerCase().replaceAll('_', ' '),
    status,
    code: failure.code,
    detail: failure.message,
    ...(failure.where === undefined ? {} : { where: failure.where }),
    details: [...failure.details],
    hint,
  };
}
