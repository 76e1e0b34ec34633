import type { Allowance } from './allowance.ts';
import type { Finding } from './finding.ts';
import type { PreflightFinding } from './preflight.ts';
import { type Knowledge, RISKS } from './risks.ts';

/** A risk that the plan takes on purpose. */
export type AllowedFinding = Finding & { reason: string };

export interface Judged {
  /** Risks that nobody has allowed. */
  open: Finding[];
  allowed: AllowedFinding[];
  /** Places in `allow` of what nothing needs; of a risk that cannot be seen by what is `known`, nothing is said. */
  unused: number[];
}

/**
 * Holds the risks of a plan against what it allows. An allowance stands for every finding of its rule. `later`: the rules that a plan
 * which only watches will break once it acts.
 */
export function judge(
  found: readonly Finding[],
  {
    allow,
    known,
    later,
  }: { allow: readonly Allowance[]; known: readonly Knowledge[]; later: ReadonlySet<string> },
): Judged {
  const reasons = new Map(allow.toReversed().map(({ rule, reason }) => [rule, reason]));
  const open: Finding[] = [];
  const allowed: AllowedFinding[] = [];
  for (const finding of found) {
    const reason = reasons.get(finding.rule);
    if (reason === undefined) open.push(finding);
    else allowed.push({ ...finding, reason });
  }
  const unused = [...allow.keys()].filter((index) => {
    const rule = allow[index]?.rule ?? '';
    const needs = Object.entries(RISKS).find(([id]) => id === rule)?.[1].needs;
    if (needs !== undefined && !known.includes(needs)) return false;
    const again = allow.findIndex((other) => other.rule === rule) < index;
    return again || !(later.has(rule) || allowed.some((finding) => finding.rule === rule));
  });
  return { open, allowed, unused };
}

/** What a preflight found and the plan allows is only to be known. */
export function allowPreflight(
  found: readonly PreflightFinding[],
  allow: readonly Allowance[],
): PreflightFinding[] {
  return found.map((finding) => {
    const allowance = allow.find(({ rule }) => rule === finding.rule);
    if (allowance === undefined || finding.severity !== 'warning') return finding;
    return { ...finding, severity: 'note', message: `${finding.message} (allowed: ${allowance.reason})` };
  });
}
