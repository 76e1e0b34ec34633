import { memberRule } from './audience.ts';
import type { Rule } from './rule.ts';
import type { KnownSegments } from './segments.ts';

/**
 * flagd's JavaScript core puts shared rules in by a text replacement in which `$` has a meaning of its own, and every
 * core looks for the name as it stands between quotes: such rules and names are written out.
 */
const SHAREABLE_NAME = /^[\w.-]+$/;

/** Writes every segment of a rule out in full. */
export function inlined(rule: Rule, segments: KnownSegments, shared: ReadonlySet<string> = new Set()): Rule {
  if (rule === null || typeof rule !== 'object') return rule;
  if (Array.isArray(rule)) return rule.map((part) => inlined(part, segments, shared));
  const { $ref } = rule;
  if (typeof $ref === 'string') return shared.has($ref) ? rule : memberRule(segments, $ref);
  return Object.fromEntries(
    Object.entries(rule).map(([name, part]) => [name, inlined(part, segments, shared)]),
  );
}

/** The segments whose rule, shared as an evaluator of flagd, makes the document smaller than written out each time. */
export function worthSharing(rules: readonly Rule[], segments: KnownSegments): Record<string, Rule> {
  const uses = new Map<string, number>();
  for (const rule of rules) count(rule, uses);
  const shared: Record<string, Rule> = {};
  for (const [name, times] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const rule = memberRule(segments, name);
    const text = JSON.stringify(rule);
    const referred = `{"$ref":"${name}"}`.length * times + text.length + name.length + 4;
    if (SHAREABLE_NAME.test(name) && !text.includes('$') && referred < text.length * times)
      shared[name] = rule;
  }
  return shared;
}

function count(rule: Rule, uses: Map<string, number>): void {
  if (rule === null || typeof rule !== 'object') return;
  if (!Array.isArray(rule) && typeof rule['$ref'] === 'string')
    uses.set(rule['$ref'], (uses.get(rule['$ref']) ?? 0) + 1);
  else for (const part of Object.values(rule)) count(part, uses);
}
