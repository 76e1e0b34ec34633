import type { Finding } from './finding.ts';
import { RULES } from './rules.ts';

export interface Explained {
  /** What the rule is there for; empty: it is none of the rules. */
  why: string;
  /** How to mend it here, else what the rule asks for in general; empty where only the author can know. */
  mend: string;
  /** The line below `allow:` that accepts it; null: it cannot be allowed. */
  allow: string | null;
}

/** With the reason of its rule, how to mend it, and how to allow it. */
export function explained<F extends Pick<Finding, 'rule' | 'instead'>>(finding: F): F & Explained {
  const { rule, instead } = finding;
  const { why = '', mend = '', severity = 'error' } = RULES[rule] ?? {};
  const open = severity === 'warning' && rule !== 'PLAN-ALLOW-UNUSED';
  return {
    ...finding,
    why,
    mend: instead === '' ? mend : instead,
    allow: open ? `- { rule: ${rule}, reason: WHY }` : null,
  };
}
