import { z } from 'zod';
import { type Exposure, NO_EXPOSURE } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import type { FlagShape } from '../provider.ts';
import type { Segments } from '../segments.ts';
import type { PlatformFlag } from './platform.ts';
import { exposedVariant, isSwitch } from './shape.ts';

const Constraint = z.object({ contextName: z.string(), operator: z.string(), values: z.array(z.string()) });

/** A strategy as Unleash gives it. */
export const LiveStrategy = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string().nullish(),
  disabled: z.boolean().nullish(),
  parameters: z.record(z.string(), z.string()).default({}),
  constraints: z
    .array(Constraint.extend({ values: z.array(z.string()).default([]), inverted: z.boolean().optional() }))
    .default([]),
  segments: z.array(z.int()).default([]),
  variants: z.array(z.object({ name: z.string(), weight: z.number() })).default([]),
});
export type LiveStrategy = z.infer<typeof LiveStrategy>;

/** A strategy as it is written. */
export interface Strategy {
  name: 'flexibleRollout';
  title: string;
  disabled: false;
  parameters: { rollout: string; stickiness: string; groupId: string };
  constraints: z.infer<typeof Constraint>[];
  segments: [];
  variants: object[];
}

const SHARE = 'Tidegate: share';
const SEGMENT = 'Tidegate: segment ';

/** Nobody: none. @throws Failure FLAG_UNSUPPORTED */
export function strategiesFor(flag: PlatformFlag, exposure: Exposure, segments: Segments): Strategy[] {
  const { percent } = exposure;
  if (!Number.isInteger(percent) || percent < 0 || percent > 100)
    throw new Failure('FLAG_UNSUPPORTED', `Unleash splits by whole percents: ${percent} % cannot be served.`);
  const variants = variantsFor(flag.shape, exposure);
  const strategy = (title: string, rollout: number): Strategy => ({
    name: 'flexibleRollout',
    title,
    disabled: false,
    parameters: { rollout: String(rollout), stickiness: stickinessOf(flag.shape), groupId: flag.key },
    constraints: [],
    segments: [],
    variants,
  });
  const members = exposure.segments.map((name) => ({
    ...strategy(SEGMENT + name, 100),
    constraints: constraintsOf(name, segments),
  }));
  return percent === 0 ? members : [strategy(SHARE, percent), ...members];
}

export function sameStrategy(live: LiveStrategy, wanted: Strategy): boolean {
  const { rollout, stickiness, groupId } = live.parameters;
  return (
    live.name === wanted.name &&
    live.disabled !== true &&
    rollout === wanted.parameters.rollout &&
    stickiness === wanted.parameters.stickiness &&
    groupId === wanted.parameters.groupId &&
    live.segments.length === 0 &&
    sameConstraints(live.constraints, wanted.constraints) &&
    JSON.stringify(live.variants.map((one) => one.name)) ===
      JSON.stringify(wanted.variants.map((one) => (one as { name: string }).name))
  );
}

/**
 * Who gets the flag by these strategies. What Tidegate would not have written is named as a segment of its own, so that it
 * never reads as what the rollout has set.
 */
export function exposureOf(
  live: { enabled: boolean; strategies: readonly LiveStrategy[] },
  { flag, segments }: { flag: PlatformFlag; segments: Segments },
): Exposure {
  if (!live.enabled) return NO_EXPOSURE;
  const active = live.strategies.filter(({ disabled }) => disabled !== true);
  // Unleash gives a flag that is on and has no strategy to everyone.
  if (live.strategies.length === 0) return { ...NO_EXPOSURE, percent: 100 };
  let percent = 0;
  const named: string[] = [];
  let variant: string | null = null;
  for (const strategy of active) {
    variant = foreignVariant(strategy, flag.shape) ?? variant;
    const known = understood(strategy, flag, segments);
    if (known.kind === 'share') percent = Math.max(percent, known.percent);
    else named.push(known.name);
  }
  return percent === 0 && named.length === 0 ? NO_EXPOSURE : { percent, segments: named, variant };
}

type Understood = { kind: 'share'; percent: number } | { kind: 'segment'; name: string };

function understood(strategy: LiveStrategy, flag: PlatformFlag, segments: Segments): Understood {
  const { constraints, parameters, title } = strategy;
  const strange: Understood = { kind: 'segment', name: `Unleash strategy ${title || strategy.name}` };
  const open = constraints.length === 0 && strategy.segments.length === 0;
  if (strategy.name === 'default' && open) return { kind: 'share', percent: 100 };
  if (strategy.name !== 'flexibleRollout' || strategy.segments.length > 0) return strange;
  const share = parameters.rollout ?? '';
  if (!/^\d{1,3}$/.test(share) || Number(share) > 100)
    return { kind: 'segment', name: `Unleash rollout "${share}"` };
  const split = parameters.groupId === flag.key && parameters.stickiness === stickinessOf(flag.shape);
  if (open && (split || share === '100' || share === '0')) return { kind: 'share', percent: Number(share) };
  if (open)
    return { kind: 'segment', name: `Unleash split by ${parameters.stickiness ?? '?'} of ${share} %` };
  const name = title?.startsWith(SEGMENT) === true ? title.slice(SEGMENT.length) : null;
  if (name === null || !Object.hasOwn(segments, name) || share !== '100') return strange;
  return sameConstraints(constraints, constraintsOf(name, segments)) ? { kind: 'segment', name } : strange;
}

function sameConstraints(
  live: LiveStrategy['constraints'],
  wanted: readonly z.infer<typeof Constraint>[],
): boolean {
  return (
    live.length === wanted.length &&
    live.every((one, index) => {
      const other = wanted[index];
      return (
        one.inverted !== true &&
        one.contextName === other?.contextName &&
        one.operator === other.operator &&
        JSON.stringify(one.values) === JSON.stringify(other.values)
      );
    })
  );
}

const OPERATORS = {
  in: 'IN',
  equals: 'IN',
  starts_with: 'STR_STARTS_WITH',
  ends_with: 'STR_ENDS_WITH',
} as const;

function constraintsOf(name: string, segments: Segments): z.infer<typeof Constraint>[] {
  const segment = Object.hasOwn(segments, name) ? segments[name] : undefined;
  if (segment === undefined)
    throw new Failure('FLAG_UNSUPPORTED', `The segment "${name}" is not in tidegate.yaml.`);
  const { attribute, operator, values } = segment;
  const contextName = attribute === 'targetingKey' ? 'userId' : attribute;
  return [{ contextName, operator: OPERATORS[operator], values }];
}

/** OpenFeature's providers hand the targeting key to Unleash as `userId`; its own default falls back to chance. */
function stickinessOf({ stickiness }: FlagShape): string {
  return stickiness === 'targetingKey' ? 'userId' : stickiness;
}

/** A flag of true and false is a switch; any other gives its variant and the value as payload. */
function variantsFor(shape: FlagShape, { variant }: Exposure): object[] {
  const name = exposedVariant(shape, variant);
  if (isSwitch(shape) && name === shape.canary) return [];
  const value = shape.variants[name];
  const payload =
    typeof value === 'string'
      ? { type: 'string', value }
      : typeof value === 'number'
        ? { type: 'number', value: String(value) }
        : { type: 'json', value: JSON.stringify(value ?? null) };
  return [{ name, weight: 1000, weightType: 'variable', stickiness: stickinessOf(shape), payload }];
}

/** The variant, where it is not the canary. */
function foreignVariant({ variants }: LiveStrategy, shape: FlagShape): string | null {
  const names = variants.filter(({ weight }) => weight > 0).map(({ name }) => name);
  if (names.length === 0) return isSwitch(shape) ? null : '(none)';
  if (names.length > 1) return names.join(' + ');
  return names[0] === shape.canary ? null : (names[0] ?? null);
}
