import { isServed, leftOut } from '../plans/exposure.ts';
import { DEPTH_LIMIT } from '../plans/flag/prerequisites.ts';
import { type FlagRule, type FlagSpec, type Prerequisite, rulesOf, type Split } from '../plans/flag/spec.ts';
import { openLease } from '../store/flag-rules.ts';
import { member, membersOf, volunteers } from './audience.ts';
import { conditionRule, joined, negated } from './condition.ts';
import type { FlagRecord } from './provider.ts';
import type { Rule } from './rule.ts';
import { seeded } from './seeded.ts';
import { type KnownSegments, segmentNamed } from './segments.ts';
import { split, TOTAL, weightOf } from './split.ts';

/** What else there is: definitions depend on segments and on the flags that they need. */
export interface Surroundings {
  segments: KnownSegments;
  /** The flags of the environment by their keys, as they are served. */
  flags: ReadonlyMap<string, FlagRecord>;
  /** The flags that led here through their prerequisites. */
  way: readonly string[];
}

/**
 * Who gets which variant, in this order; the first that applies decides: whom the exposure leaves out, exclusions, prerequisites, opt-outs, opt-ins,
 * rules, segments of the exposure, percentage. A variant's name where it is the same for everybody; null means the
 * baseline.
 */
export function decision(record: FlagRecord, around: Surroundings): Rule {
  const lease = openLease(record);
  const present = decisionAt(record, around);
  if (lease === null) return present;
  const live = record.live === true && isServed(lease.fallback);
  const fallback = decisionAt({ ...record, exposure: lease.fallback, live }, around);
  // Each evaluator looks at its own clock (in seconds), so that a lease runs out with nobody there to say so.
  const until = Math.floor(lease.until / 1000);
  return { if: [{ '<': [{ var: '$flagd.timestamp' }, until] }, present, fallback] };
}

/** The same of an exposure as if there were no lease. */
function decisionAt(record: FlagRecord, around: Surroundings): Rule {
  const { variants, baseline, canary } = record.shape;
  const { segments } = around;
  const spec = record.spec ?? null;
  const exposed = record.exposure.variant ?? canary;
  const known = Object.hasOwn(variants, exposed);
  const weight = known ? weightOf(record.exposure.percent) : 0;
  const live = spec !== null && record.live === true;
  if (weight === 0 && !live && (!known || record.exposure.segments.length === 0)) return baseline;

  const steps: Step[] = [];
  const out = leftOut(record.exposure);
  // Who is to be left out is not known any more: then nobody is let in.
  if (out.some((name) => segmentNamed(segments, name) === undefined)) return baseline;
  steps.push([membersOf(segments, out), baseline]);
  if (spec !== null) {
    // Who is to be left out is not known any more: then nobody is let in.
    if (spec.exclude.some((name) => segmentNamed(segments, name) === undefined)) return baseline;
    steps.push([membersOf(segments, spec.exclude), baseline]);
    steps.push([negated(prerequisitesMet(record.key, spec.requires, around)), baseline]);
    if (live) {
      steps.push([volunteers(segments, spec.optIn, 'left'), baseline]);
      if (known) steps.push([volunteers(segments, spec.optIn, 'joined'), exposed]);
      steps.push(...ruleSteps(record, spec, segments));
    }
  }
  if (known) steps.push([membersOf(segments, record.exposure.segments), exposed]);
  const toAll = spec?.kind === 'multivariate' && live ? outcome(record, spec.split) : exposed;
  return chain(steps, share(record, { weight, exposed, toAll }));
}

type Step = readonly [condition: Rule, result: Rule];

function ruleSteps(record: FlagRecord, spec: FlagSpec, segments: KnownSegments): Step[] {
  if (spec.kind === 'targeting')
    return [[matching(spec.who, segments), outcome(record, record.shape.canary)]];
  return rulesOf(spec).map((rule): Step => [matching(rule, segments), outcome(record, rule.give)]);
}

function matching(
  { match, when, segments: names }: Pick<FlagRule, 'match' | 'when' | 'segments'>,
  segments: KnownSegments,
): Rule {
  const tests = [...when.map(conditionRule), ...names.map((name) => member(segments, name))];
  return tests.length === 0 ? true : joined(match, tests);
}

/** What a rule gives. While a safe variant is in force, everybody who had another one than the baseline gets it. */
function outcome(record: FlagRecord, give: string | Split): Rule {
  const { variants, baseline, canary, stickiness } = record.shape;
  const { variant } = record.exposure;
  const safe = variant !== null && variant !== canary ? variant : null;
  const given = (name: string) => {
    const wanted = safe === null || name === baseline ? name : safe;
    return Object.hasOwn(variants, wanted) ? wanted : baseline;
  };
  if (typeof give === 'string') return given(give);
  const key: Rule = { var: stickiness };
  // A bucket of its own: the shares stay who they are while the exposure grows.
  const bucket: Rule = { cat: [{ var: '$flagd.flagKey' }, ':split:', key] };
  const shares = give.map(({ variant: name, percent }): Rule => [given(name), weightOf(percent)]);
  return { if: [{ '!!': [key] }, { fractional: [bucket, ...shares] }, baseline] };
}

function share(
  record: FlagRecord,
  { weight, exposed, toAll }: { weight: number; exposed: string; toAll: Rule },
): Rule {
  if (weight === TOTAL) return toAll;
  if (weight === 0) return record.shape.baseline;
  const within = split(record, exposed, weight);
  return toAll === exposed ? within : { if: [{ '===': [within, exposed] }, toAll, record.shape.baseline] };
}

/** `if` over the steps that can make a difference. */
function chain(steps: readonly Step[], rest: Rule): Rule {
  const kept: Step[] = [];
  let last = rest;
  for (const step of steps) {
    const [condition, result] = step;
    if (condition === false) continue;
    if (condition === true) {
      last = result;
      break;
    }
    kept.push(step);
  }
  while (kept.at(-1)?.[1] === last) kept.pop();
  return kept.length === 0 ? last : { if: [...kept.flat(), last] };
}

/**
 * Whether all flags that `key` needs give the variants that it needs: their rules as they are served now, put into this
 * one's. A flag that is not there, or that needs this one in turn, is not met.
 */
function prerequisitesMet(key: string, requires: readonly Prerequisite[], around: Surroundings): Rule {
  const way = [...around.way, key];
  return joined(
    'all',
    requires.map(({ flag, variants }): Rule => {
      const needed = around.flags.get(flag);
      if (needed === undefined || way.includes(flag) || way.length > DEPTH_LIMIT) return false;
      if (!Object.hasOwn(needed.shape.variants, needed.shape.baseline)) return false;
      const given = seeded(decision(needed, { ...around, way }), needed);
      return typeof given === 'string' ? variants.includes(given) : { in: [given, variants] };
    }),
  );
}
