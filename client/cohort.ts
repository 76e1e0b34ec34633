/** Who was served by which path: the variant that the flag's evaluation gave, also when that path then failed. */
export interface Cohort {
  flag: string;
  variant: string;
  /** `internal` for employees and the like: they get the canary first and are no random sample of the users. */
  audience: 'internal' | 'public';
}

/**
 * How a passage of a choke point ended for the path that the cohort was given: `error` and `timeout` also when the
 * other path then answered; `aborted` when the caller went away, which is nobody's fault.
 */
export type Outcome = 'ok' | 'error' | 'timeout' | 'aborted';

export function cohortLabels({ flag, variant, audience }: Cohort): Cohort {
  return { flag, variant, audience };
}
