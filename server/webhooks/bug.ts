import type { BugText } from '../api/bugs.ts';
import type { OutsideAlert } from '../engine.ts';

/** What a report of a bug is to a rollout: only a critical one can stop it. `by`: who reports it. */
export function bugAlert({ title, severity, url }: BugText, by: string): OutsideAlert {
  const where = url === undefined ? '' : ` (${url})`;
  return {
    name: title,
    scope: severity === 'critical' ? 'bug' : 'minor-bug',
    status: 'firing',
    detail: `${severity}, reported by ${by}${where}`,
  };
}
