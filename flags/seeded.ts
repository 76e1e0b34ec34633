import type { FlagRecord } from './provider.ts';
import type { Rule } from './rule.ts';

/** A rule of `owner` as it must stand in the definition of another flag: the buckets stay those of its own key. */
export function seeded(rule: Rule, owner: FlagRecord): Rule {
  if (rule === null || typeof rule !== 'object') return rule;
  if (Array.isArray(rule)) return rule.map((part) => seeded(part, owner));
  if (rule['var'] === '$flagd.flagKey') return owner.key;
  const { fractional } = rule;
  if (Array.isArray(fractional) && Array.isArray(fractional[0])) {
    // The short form hashes the key of whatever flag it stands in, and gives nothing without a targeting key.
    const key: Rule = { var: 'targetingKey' };
    const entries = fractional.map((entry) => seeded(entry, owner));
    const own: Rule = { fractional: [{ cat: [owner.key, key] }, ...entries] };
    return { if: [{ '!!': [key] }, own, owner.shape.baseline] };
  }
  return Object.fromEntries(Object.entries(rule).map(([name, part]) => [name, seeded(part, owner)]));
}
