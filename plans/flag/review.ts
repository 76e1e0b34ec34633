import { pathText } from '../finding.ts';
import { nearest } from '../nearest.ts';
import { prerequisiteFaults } from './prerequisites.ts';
import { type FlagRule, type FlagSpec, rulesOf, type Split, segmentsOf } from './spec.ts';
import type { FlagFault, FlagWorld, ReviewedFlag, Say, Variants } from './world.ts';

/** Everything that is wrong with a definition which the schema alone cannot see; empty when it can be served. */
export function reviewFlagSpec(flag: ReviewedFlag, world: FlagWorld): FlagFault[] {
  const faults: FlagFault[] = [];
  const say: Say = (path, message, instead) => faults.push({ path: pathText(path), message, instead });
  reviewVariants(flag, say);
  const { spec } = flag;
  if (spec === null) return faults;
  reviewGiven(flag, spec, say);
  reviewSegments(spec, world, say);
  prerequisiteFaults(flag, spec, { world, say });
  return faults;
}

/** `variants.on: what is wrong. Instead: ...` */
export function faultText({ path, message, instead }: FlagFault): string {
  return `${path}: ${message}${instead === '' ? '' : `. Instead: ${instead}`}`;
}

function reviewVariants({ shape, spec }: ReviewedFlag, say: Say): void {
  const { variants, baseline, canary } = shape;
  const names = Object.keys(variants);
  for (const [place, name] of [
    ['baseline', baseline],
    ['canary', canary],
  ] as const) {
    if (!Object.hasOwn(variants, name)) say([place], `the variant "${name}" has no value`, one(names, name));
  }
  if (baseline === canary)
    say(['canary'], `baseline and canary are both "${canary}"`, 'two different variants');
  const [first, ...others] = Object.entries(variants);
  if (first === undefined) return;
  const type = typeOf(first[1]);
  if (!['boolean', 'text', 'number', 'mapping'].includes(type))
    say(
      ['variants', first[0]],
      `a variant cannot be ${type}`,
      'true or false, a text, a number or a mapping',
    );
  for (const [name, value] of others) {
    if (typeOf(value) === type) continue;
    say(
      ['variants', name],
      `"${name}" is ${typeOf(value)} and "${first[0]}" is ${type}`,
      'values of one type',
    );
  }
  if (spec?.kind === 'boolean' && type !== 'boolean')
    say(
      ['variants'],
      'the variants of a boolean flag are true and false',
      '`kind: percentage`, or true and false',
    );
}

function reviewGiven({ shape }: ReviewedFlag, spec: FlagSpec, say: Say): void {
  rulesOf(spec).forEach((rule, index, rules) => {
    const path = ['rules', index];
    if (typeof rule.give === 'string') reviewVariant(shape, rule.give, [...path, 'give'], say);
    else reviewSplit(shape, rule.give, [...path, 'give'], say);
    if (matchesEverybody(rule) && index < rules.length - 1)
      say(path, 'this rule matches everybody, so that none after it is ever reached', 'move it to the end');
  });
  if (spec.kind === 'multivariate') reviewSplit(shape, spec.split, ['split'], say);
  if (spec.kind === 'targeting' && matchesEverybody(spec.who))
    say(['who'], 'nobody is named', '`segments: [...]` or `when: [...]`');
}

function reviewSplit(shape: Variants, split: Split, path: (string | number)[], say: Say): void {
  split.forEach(({ variant }, index) => {
    reviewVariant(shape, variant, [...path, index, 'variant'], say);
    if (split.findIndex((share) => share.variant === variant) !== index)
      say([...path, index, 'variant'], `"${variant}" is there already`, 'each variant once');
  });
  const sum = split.reduce((total, { percent }) => total + Math.round(percent * 100), 0);
  if (sum !== 10_000) say(path, `the shares sum to ${sum / 100} %`, 'shares that sum to 100 %');
}

function reviewVariant({ variants }: Variants, name: string, path: (string | number)[], say: Say): void {
  if (Object.hasOwn(variants, name)) return;
  say(path, `the flag has no variant "${name}"`, one(Object.keys(variants), name));
}

function reviewSegments(spec: FlagSpec, { segments }: FlagWorld, say: Say): void {
  for (const { name, path } of segmentsOf(spec)) {
    const segment = segments.get(name);
    if (segment === undefined) say(path, `there is no segment "${name}"`, one([...segments.keys()], name));
    else if (path[0] === 'optIn' && !segment.joinable)
      say(path, `nobody can join the segment "${name}"`, 'a segment with `joinable: true`');
  }
}

export function matchesEverybody({ when, segments }: Pick<FlagRule, 'when' | 'segments'>): boolean {
  return when.length === 0 && segments.length === 0;
}

/** What was most likely meant, or what there is. */
export function one(names: readonly string[], meant: string): string {
  const near = nearest(meant, names);
  if (near !== null) return `did you mean "${near}"?`;
  return names.length === 0 ? 'make it first' : `one of ${names.toSorted().slice(0, 12).join(', ')}`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'number';
    case 'string':
      return 'text';
    default:
      return 'mapping';
  }
}
