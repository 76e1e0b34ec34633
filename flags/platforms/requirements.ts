import { TOLD } from '../../plans/names.ts';
import type { Plan } from '../../plans/plan.ts';
import { stageExposure } from '../../plans/stages.ts';
import type { Capabilities } from './platform.ts';

/** What a platform cannot do of a plan: where in the plan, what, and what to write instead. */
export interface Shortfall {
  path: string;
  message: string;
  instead: string;
}

const EMBEDDED = 'embedded';

/** What tidegate.yaml has. `providers`: by name. `segments`: their names. */
export interface Configured {
  providers?: Readonly<Record<string, Capabilities>>;
  segments: readonly string[];
}

/** All that is known to be impossible from the configuration alone. */
export function shortfalls(plan: Plan, { providers = {}, segments: configured }: Configured): Shortfall[] {
  const { provider: name } = plan.flag;
  if (name === EMBEDDED || name === TOLD) return [];
  const can = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (can === undefined) {
    const ours = plan.mode === 'observe' ? [EMBEDDED, TOLD] : [EMBEDDED];
    const there = [...ours, ...Object.keys(providers).toSorted()].join(', ');
    const message = `"${name}" is not in \`providers\` of tidegate.yaml`;
    return [{ path: 'flag.provider', message, instead: `one of ${there}` }];
  }
  // What others do is theirs to be able to.
  if (plan.mode === 'observe') return [];
  const found: Shortfall[] = [];
  const say = (path: string, message: string, instead: string) => found.push({ path, message, instead });
  if (!can.moves)
    say(
      'flag.provider',
      `"${name}" only watches and moves no flag`,
      '`mode: observe`, or the provider that it watches',
    );
  if (plan.exclude !== undefined)
    say(
      'exclude',
      `"${name}" cannot leave anybody out of a share`,
      '`flag.provider: embedded`, or an exclusion in the rules of the platform',
    );
  plan.stages.forEach((stage, index) => {
    if (stage.decommission !== undefined) return;
    const { percent, segments, mode } = stageExposure(plan, index);
    const at = `stages[${index}]`;
    if (mode !== undefined) {
      say(
        `${at}.${mode}`,
        mode === 'aa'
          ? `"${name}" cannot tell applications to serve its canary by the old path`
          : `"${name}" cannot tell applications to run the new path behind the old one`,
        '`flag.provider: embedded`, or the `mode` of the dispatcher in the application',
      );
      return;
    }
    const steps = percent / can.step;
    if (Math.abs(steps - Math.round(steps)) > 1e-6)
      say(
        `${at}.percent`,
        `"${name}" serves no ${percent} %: its smallest step is ${can.step} %`,
        `a multiple of ${can.step} %`,
      );
    const asked = stage.waves === undefined ? 'audience.tenantsFrom' : 'waves';
    if (stage.audience?.tenants !== undefined || (stage.audience?.tenantsFrom ?? stage.waves) !== undefined)
      say(
        `${at}.${stage.audience?.tenants === undefined ? asked : 'audience.tenants'}`,
        `"${name}" takes no lists of tenants from a plan`,
        'a segment of tidegate.yaml with the same names, or `flag.provider: embedded`',
      );
    else if (segments.length > 0 && can.segments === 'none')
      say(
        `${at}.audience.segments`,
        `"${name}" knows no segments`,
        'a stage with `percent`, or another provider',
      );
    else if (can.segments === 'attributes')
      // People join and leave what flags share, and a platform is told of it once.
      for (const [i, segment] of (stage.audience?.segments ?? []).entries())
        if (!configured.includes(segment))
          say(
            `${at}.audience.segments[${i}]`,
            `"${name}" is told of segments by their attributes, and "${segment}" is not in \`segments\` of tidegate.yaml`,
            'a segment of tidegate.yaml, or `flag.provider: embedded`',
          );
  });
  const { stickiness, variants, baseline, canary } = plan.flag;
  if (stickiness !== 'targetingKey' && can.stickiness === 'targetingKey')
    say(
      'flag.stickiness',
      `"${name}" keeps users together by their id only`,
      '`stickiness: targetingKey`, or take it out',
    );
  const plain = variants === undefined || (variants[canary] === true && variants[baseline] === false);
  if (!plain && !can.variants)
    say(
      'flag.variants',
      `"${name}" switches on and off and serves no values`,
      `\`{ ${canary}: true, ${baseline}: false }\``,
    );
  const safe = plan.safeExposure;
  if (safe !== undefined && safe !== 'frozen' && !can.variants)
    say('safeExposure.variant', `"${name}" serves no third variant`, '`safeExposure: frozen`');
  return found;
}
