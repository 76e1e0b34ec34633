import { z } from 'zod';
import { type Exposure, NO_EXPOSURE } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import type { FlagShape } from '../provider.ts';
import type { Segments } from '../segments.ts';

const Clause = z.object({
  contextKind: z.string().default('user'),
  attribute: z.string(),
  op: z.string(),
  values: z.array(z.json()),
  negate: z.boolean(),
});
const Rollout = z.object({
  contextKind: z.string().default('user'),
  bucketBy: z.string().optional(),
  variations: z.array(z.object({ variation: z.int(), weight: z.int() })),
});
const Outcome = z.object({ variation: z.int().optional(), rollout: Rollout.optional() });

/** The flag in one environment, with the version that counts the environment's own changes. */
export const Environment = z.object({
  on: z.boolean(),
  version: z.int(),
  offVariation: z.int().nullish(),
  fallthrough: Outcome,
  rules: z.array(
    Outcome.extend({ _id: z.string(), description: z.string().optional(), clauses: z.array(Clause) }),
  ),
  targets: z.array(z.object({ values: z.array(z.string()), variation: z.int() })).default([]),
  contextTargets: z.array(z.object({ values: z.array(z.string()), variation: z.int() })).default([]),
  prerequisites: z.array(z.object({ key: z.string() })).default([]),
});
export type Environment = z.infer<typeof Environment>;

export const Flag = z.object({
  key: z.string(),
  variations: z.array(z.object({ _id: z.string(), value: z.json(), name: z.string().optional() })),
  environments: z.record(z.string(), Environment),
});
export type Flag = z.infer<typeof Flag>;

export interface Known {
  segments: Segments;
  contextKind: string;
}
interface At {
  flag: Flag;
  live: Environment;
  shape: FlagShape;
}

/** Weights are thousandths of a percent. */
const WHOLE = 100_000;
const PER_PERCENT = 1_000;
const SEGMENT = 'Tidegate: segment ';
const OPERATORS = { in: 'in', equals: 'in', starts_with: 'startsWith', ends_with: 'endsWith' } as const;

/**
 * The instructions that lead from what is there to the exposure; none where it is there. An `order` must be carried out whatever was read, as
 * what was read may be old: its switch and its share are sent in any case. @throws Failure FLAG_UNSUPPORTED
 */
export function instructionsFor(at: At & { order: boolean }, exposure: Exposure, known: Known): object[] {
  const { flag, live, shape, order } = at;
  const instructions: object[] = [];
  const share = weightOf(exposure.percent);
  if (share === 0 && exposure.segments.length === 0) return live.on || order ? [{ kind: 'turnFlagOff' }] : [];
  const canary = variationOf(at, exposure.variant ?? shape.canary);
  const baseline = variationOf(at, shape.baseline);
  const idOf = (index: number) => flag.variations[index]?._id ?? '';
  const wanted = exposure.segments.map((name) => ({ name, clause: clauseOf(name, known) }));
  const kept = new Set<string>();
  for (const { name, clause } of wanted) {
    const rule = live.rules.find((one) => one.description === SEGMENT + name && !kept.has(one._id));
    const right = rule !== undefined && rule.variation === canary && sameClauses(rule.clauses, [clause]);
    if (right) kept.add(rule._id);
    else
      instructions.push({
        kind: 'addRule',
        variationId: idOf(canary),
        description: SEGMENT + name,
        clauses: [clause],
      });
  }
  for (const { _id: ruleId } of live.rules.filter((one) => !kept.has(one._id)))
    instructions.push({ kind: 'removeRule', ruleId });
  for (const target of live.targets.filter(({ values }) => values.length > 0))
    instructions.push({ kind: 'removeTargets', variationId: idOf(target.variation), values: target.values });
  for (const target of live.contextTargets.filter(({ values }) => values.length > 0))
    instructions.push({
      kind: 'removeTargets',
      variationId: idOf(target.variation),
      values: target.values,
      contextKind: known.contextKind,
    });
  const rollout = { ...NO_EXPOSURE, percent: exposure.percent, variant: exposure.variant };
  const there = shareOf(live.fallthrough, at, known);
  if (
    order ||
    there === null ||
    there.percent !== rollout.percent ||
    (there.variant !== exposure.variant && share > 0)
  ) {
    const { stickiness } = shape;
    instructions.push({
      kind: 'updateFallthroughVariationOrRollout',
      rolloutWeights: { [idOf(canary)]: share, [idOf(baseline)]: WHOLE - share },
      rolloutContextKind: known.contextKind,
      ...(stickiness === 'targetingKey' ? {} : { rolloutBucketBy: stickiness }),
    });
  }
  if (!live.on || order) instructions.push({ kind: 'turnFlagOn' });
  return instructions;
}

/** What the environment serves. What Tidegate would not have written is named as a segment, so that it never reads as the rollout's own. */
export function exposureOf(at: At, known: Known): Exposure {
  const { live } = at;
  if (!live.on) return serves(at, live.offVariation) ? { ...NO_EXPOSURE, percent: 100 } : NO_EXPOSURE;
  const segments = live.rules.map((rule) => {
    const name =
      rule.description?.startsWith(SEGMENT) === true ? rule.description.slice(SEGMENT.length) : null;
    const own =
      name !== null &&
      Object.hasOwn(known.segments, name) &&
      rule.variation === variationOf(at, at.shape.canary) &&
      sameClauses(rule.clauses, [clauseOf(name, known)]);
    return own && name !== null ? name : `LaunchDarkly rule ${rule.description || rule._id}`;
  });
  const targets = [...live.targets, ...live.contextTargets].filter(({ values }) => values.length > 0);
  if (targets.length > 0) segments.push('LaunchDarkly targets');
  if (live.prerequisites.length > 0) segments.push('LaunchDarkly prerequisites');
  const share = shareOf(live.fallthrough, at, known);
  if (share === null) segments.push('LaunchDarkly fallthrough');
  const percent = share?.percent ?? 0;
  if (percent === 0 && segments.length === 0) return NO_EXPOSURE;
  return { percent, segments, variant: share?.variant ?? null };
}

/** Null: a split that Tidegate would not have made. */
function shareOf(
  { variation, rollout }: z.infer<typeof Outcome>,
  at: At,
  known: Known,
): { percent: number; variant: string | null } | null {
  const baseline = variationOf(at, at.shape.baseline);
  if (rollout === undefined) {
    if (variation === undefined) return null;
    return variation === baseline
      ? { percent: 0, variant: null }
      : { percent: 100, variant: nameOf(at, variation) };
  }
  const given = rollout.variations.filter(({ weight }) => weight > 0);
  const others = given.filter((one) => one.variation !== baseline);
  const [only] = others;
  if (only === undefined) return { percent: 0, variant: null };
  const by = at.shape.stickiness === 'targetingKey' ? 'key' : at.shape.stickiness;
  const whole = only.weight === WHOLE;
  const split = rollout.contextKind === known.contextKind && (rollout.bucketBy ?? 'key') === by;
  if (others.length > 1 || (!split && !whole)) return null;
  return { percent: only.weight / PER_PERCENT, variant: nameOf(at, only.variation) };
}

function serves(at: At, off: number | null | undefined): boolean {
  return off !== null && off !== undefined && off === variationOf(at, at.shape.canary);
}

/** The variant's name; null: the canary. */
function nameOf({ flag, shape }: At, index: number): string | null {
  const value = JSON.stringify(flag.variations[index]?.value);
  if (JSON.stringify(shape.variants[shape.canary]) === value) return null;
  const found = Object.entries(shape.variants).find(([, one]) => JSON.stringify(one) === value);
  return found?.[0] ?? `LaunchDarkly variation ${index}`;
}

function variationOf({ flag, shape }: At, name: string): number {
  const value = JSON.stringify(shape.variants[name]);
  const index = flag.variations.findIndex((one) => JSON.stringify(one.value) === value);
  if (index >= 0) return index;
  throw new Failure(
    'FLAG_UNSUPPORTED',
    `LaunchDarkly's flag ${flag.key} has no variation ${value} (the variant "${name}").`,
  );
}

function weightOf(percent: number): number {
  const weight = Math.round(percent * PER_PERCENT);
  if (percent < 0 || percent > 100 || Math.abs(weight / 10 - percent * 100) > 1e-6 || weight % 10 !== 0)
    throw new Failure(
      'FLAG_UNSUPPORTED',
      `LaunchDarkly is moved by hundredths of a percent: ${percent} % cannot be served.`,
    );
  return weight;
}

function clauseOf(name: string, { segments, contextKind }: Known): z.infer<typeof Clause> {
  const segment = Object.hasOwn(segments, name) ? segments[name] : undefined;
  if (segment === undefined)
    throw new Failure('FLAG_UNSUPPORTED', `The segment "${name}" is not in tidegate.yaml.`);
  const attribute = segment.attribute === 'targetingKey' ? 'key' : segment.attribute;
  return { contextKind, attribute, op: OPERATORS[segment.operator], values: segment.values, negate: false };
}

function sameClauses(
  live: readonly z.infer<typeof Clause>[],
  wanted: readonly z.infer<typeof Clause>[],
): boolean {
  const plain = ({ contextKind, attribute, op, values, negate }: z.infer<typeof Clause>) => [
    contextKind,
    attribute,
    op,
    values,
    negate,
  ];
  return JSON.stringify(live.map(plain)) === JSON.stringify(wanted.map(plain));
}
