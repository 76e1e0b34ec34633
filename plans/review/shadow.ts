import type { Path } from '../document.ts';
import type { Plan } from '../plan.ts';
import { isOfShadow } from '../shadow.ts';
import type { Stage } from '../stage.ts';
import { isShadowing } from '../stages.ts';
import type { Remark, Review } from './context.ts';

/** What a stage asks that only users who are served can give. */
const OF_USERS = ['minUsers', 'maxUsers', 'coverage', 'lease'] as const;

/** Stages in which the new path runs behind the old one. */
export function reviewShadow({ plan, error, sound }: Review): void {
  const rule = 'PLAN-SHADOW';
  const shadowing = plan.stages.flatMap((stage, index) => (isShadowing(stage) ? [{ stage, index }] : []));
  const metrics = plan.metrics.filter(isOfShadow);
  const served = plan.stages.findIndex((stage) => !isShadowing(stage));
  for (const { stage, index } of shadowing) {
    const kind = kindOf(stage);
    const path = ['stages', index, kind];
    if (!sound(['stages', index])) continue;
    if (served >= 0 && index > served) {
      const message = `it comes after "${plan.stages[served]?.name ?? ''}", in which somebody is served`;
      error(path, { rule, message, instead: 'the stage before every stage that serves somebody', key: true });
    }
    const before = plan.stages[index - 1];
    if (before !== undefined && isShadowing(before) && reach(stage) <= reach(before)) {
      const message = `it runs the new path behind no more requests than "${before.name}"`;
      error(path, {
        rule,
        message,
        instead: '`dark` with growing percentages, and `shadow` last',
        key: true,
      });
    }
    for (const name of OF_USERS) {
      if (stage[name] === undefined) continue;
      const message = `nobody is served in a stage of \`${kind}\``;
      error(['stages', index, name], {
        rule,
        message,
        instead: 'take it out, or use `minRequests`',
        key: true,
      });
    }
    if (metrics.length === 0 && sound(['metrics'])) {
      const message = 'no metric counts what the new path does behind the old one';
      const instead =
        'a metric with `of: shadow`, such as tidegate_shadow_requests_total; plans/examples/dark-launch.yaml has them';
      error(path, { rule, message, instead, key: true });
    }
    if (plan.flag.provider === 'told' && sound(['flag', 'provider'])) {
      const message = 'what others serve is told by its share, and not whether it is served at all';
      error(path, { rule, message, instead: 'take the stage out', key: true });
    }
  }
  if (shadowing.length > 0 && served < 0 && sound(['stages'])) {
    const message = 'the plan ends with nobody served, and the new path running behind the old one';
    error(['stages'], {
      rule,
      message,
      instead: 'a stage with `percent` or `audience` at the end',
      key: true,
    });
  }
  metrics.forEach((metric) => {
    const index = plan.metrics.indexOf(metric);
    if (shadowing.length > 0 || !sound(['metrics', index])) return;
    const message = `no stage runs the new path behind the old one, so that ${metric.name} is never read`;
    error(['metrics', index, 'of'], { rule, message, instead: 'a stage with `shadow: {}`, or take it out' });
  });
  if (plan.metrics.every(isOfShadow) && sound(['metrics'])) {
    const message = 'nothing is compared once somebody is served';
    error(['metrics'], { rule, message, instead: 'a metric without `of: shadow`', key: true });
  }
  labelsOfShadow({ plan, error, sound });
}

function labelsOfShadow({ plan, error, sound }: Review): void {
  plan.metrics.forEach((metric, index) => {
    if (!isOfShadow(metric) || metric.breakdown.length === 0 || !sound(['metrics', index])) return;
    const message = 'shadow runs have no labels to search by';
    error(['metrics', index, 'breakdown'], {
      rule: 'PLAN-SHADOW',
      message,
      instead: 'take it out',
      key: true,
    });
  });
}

/** A dark cohort is given the canary's variant: only a dispatcher knows that it is not to be served. */
export function shadowRisks(plan: Plan, warn: (path: Path, remark: Remark) => void): void {
  plan.stages.forEach(({ dark }, index) => {
    if (dark === undefined) return;
    const message = `the flag gives ${dark.percent} % the canary's variant, and \`tidegate/client\` alone knows that it is not to be served`;
    const instead = '`shadow: {}` where other code asks for this flag too; else nothing';
    warn(['stages', index, 'dark'], { rule: 'PLAN-DARK', message, instead, key: true });
  });
}

/** Percent of the requests behind which the new path runs; of all of them it is more than of any cohort. */
function reach({ dark }: Stage): number {
  return dark?.percent ?? Number.POSITIVE_INFINITY;
}

function kindOf(stage: Stage): 'shadow' | 'dark' {
  return stage.shadow === undefined ? 'dark' : 'shadow';
}
