import type { SharedSegment } from '../plans/flag/segment.ts';
import { spellings } from './ascii-context.ts';
import { conditionRule, joined, negated } from './condition.ts';
import type { Rule } from './rule.ts';
import { type KnownSegments, listedIn, type Segment, segmentNamed } from './segments.ts';

/** How definitions call a segment until it is known whether they share its rule. */
export function reference(name: string): Rule {
  return { $ref: name };
}

/** Who belongs to a segment; a constant where that does not depend on anybody. Of an unknown one: nobody. */
export function memberRule(segments: KnownSegments, name: string): Rule {
  const segment = segmentNamed(segments, name);
  if (segment === undefined) return false;
  return 'attribute' in segment ? configured(segment) : shared(segment);
}

/** Members of any of the segments. */
export function membersOf(segments: KnownSegments, names: readonly string[]): Rule {
  const named = names.filter((name) => Object.hasOwn(segments, name) || listedIn(name) === null);
  // Hundreds of tenants are one list of values and not hundreds of rules.
  const listed = new Map<string, string[]>();
  for (const name of names) {
    const one = named.includes(name) ? null : listedIn(name);
    if (one !== null) listed.set(one.attribute, [...(listed.get(one.attribute) ?? []), one.value]);
  }
  return joined('any', [
    ...named.map((name) => member(segments, name)),
    ...[...listed].map(([attribute, values]) => configured({ attribute, operator: 'in', values })),
  ]);
}

/** A segment in a definition: its name, or the constant that it is. */
export function member(segments: KnownSegments, name: string): Rule {
  const rule = memberRule(segments, name);
  return typeof rule === 'boolean' ? rule : reference(name);
}

/** Who joined, or left, any of the segments by themselves. */
export function volunteers(
  segments: KnownSegments,
  names: readonly string[],
  which: 'joined' | 'left',
): Rule {
  return joined(
    'any',
    names.map((name) => {
      const segment = segmentNamed(segments, name);
      return segment !== undefined && 'joined' in segment ? listed(segment, which) : false;
    }),
  );
}

function shared(segment: SharedSegment): Rule {
  const rules = segment.rules.map(conditionRule);
  // Without rules nobody matches, neither by any of them nor by all.
  const byRule = rules.length === 0 ? false : joined(segment.match, rules);
  const members = joined('any', [listed(segment, 'joined'), byRule]);
  return joined('all', [negated(listed(segment, 'left')), members]);
}

function listed(segment: SharedSegment, which: 'joined' | 'left'): Rule {
  const keys = segment[which];
  return keys.length === 0 ? false : { in: [{ var: segment.by }, spellings(keys)] };
}

function configured(segment: Segment): Rule {
  const attribute: Rule = { var: segment.attribute };
  const values = spellings(segment.values);
  if (segment.operator === 'in') return { in: [attribute, values] };
  const operator = segment.operator === 'equals' ? '===' : segment.operator;
  return joined(
    'any',
    values.map((value): Rule => ({ [operator]: [attribute, value] })),
  );
}
