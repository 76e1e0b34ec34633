import type { Drill } from '../../plans/flag/spec.ts';
import type { FlagDetail } from '../../server/api/flags.ts';
import type { Page } from './status.ts';
import { audience, relative } from './words.ts';

/** One flag with all that is known of it, for people. */
export function renderDetail(flag: FlagDetail, { ink, now }: Page): string[] {
  const { definition } = flag;
  const line = (name: string, value: string) => `${ink('dim', name.padEnd(12))}${value}`;
  const many = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [line(name, values.join(', '))];
  const rules = definition !== null && 'rules' in definition ? definition.rules.length : 0;
  return [
    `${flag.key}  ${flag.environment}  ${flag.lifecycle}`,
    ...(definition === null || definition.description === '' ? [] : [`  ${definition.description}`]),
    line('exposure', `${audience(flag.exposure)}${flag.live ? '' : ', rules off'}`),
    ...(definition === null
      ? []
      : [
          line('kind', `${definition.kind}, ${definition.purpose}`),
          line('owner', definition.owner ?? '–'),
          line('expires', definition.expires ?? '–'),
          ...(definition.flagSet === undefined ? [] : [line('flag set', definition.flagSet)]),
          line(
            'variants',
            `${Object.keys(definition.variants).join(', ')} (baseline ${definition.baseline}, canary ${definition.canary})`,
          ),
          ...many('excludes', definition.exclude),
          ...many(
            'needs',
            definition.requires.map(({ flag: key, variants }) => `${key} = ${variants.join(' or ')}`),
          ),
          ...many('opt-in', definition.optIn),
          ...(rules === 0 ? [] : [line('rules', String(rules))]),
          ...(definition.mode === undefined ? [] : [line('mode', definition.mode)]),
          ...(definition.drill === undefined ? [] : [line('drill', ink('bad', drillText(definition.drill)))]),
        ]),
    ...many('needed by', flag.neededBy),
    line('rollout', flag.rolloutId ?? '–'),
    ...(flag.latch === null ? [] : [line('killed', ink('bad', `by ${flag.latch.by}: ${flag.latch.reason}`))]),
    ...(flag.refused === null
      ? []
      : [line('refused', ink('bad', `${flag.refused}; the last good definition is served`))]),
    line(
      'created',
      `${new Date(flag.createdAt).toISOString().slice(0, 10)}, ${relative(flag.createdAt, now)}`,
    ),
    line('revision', `${flag.revision}, ${relative(flag.updatedAt, now)} by ${flag.updatedBy}`),
  ];
}

function drillText({ errorRate, latencyMs, percent }: Drill): string {
  const late = latencyMs === 0 ? '' : `, ${latencyMs} ms late`;
  return `${Math.round(errorRate * 10_000) / 100} % of the requests fail${late}, for ${percent} % of the canary's users`;
}
