import type { Path } from '../document.ts';
import type { Plan } from '../plan.ts';
import { isOfShadow } from '../shadow.ts';
import type { Stage } from '../stage.ts';
import { isAlike, isShadowing, isUnserved } from '../stages.ts';
import type { Remark, Review } from './context.ts';

/** What a stage asks that only users who are served can give. */
const OF_USERS = ['minUsers', 'maxUsers', 'coverage', 'lease'] as const;
const KINDS = ['aa', 'dark', 'shadow'] as const;

/** Stages in which nobody is served: the new path runs behind the old one, or nowhere. */
export function reviewShadow({ plan, error, sound }: Review): void {
  const rule = 'PLAN-SHADOW';
  const unserved = plan.stages.flatMap((stage, index) => (isUnserved(stage) ? [{ stage, index }] : []));
  const shadowing = unserved.some(({ stage }) => isShadowing(stage));
  const metrics = plan.metrics.filter(isOfShadow);
  const served = plan.stages.findIndex((stage) => !isUnserved(stage));
  for (const { stage, index } of unserved) {
    const kind = kindOf(stage);
    const path = ['stages', index, kind];
    if (!sound(['stages', index])) continue;
    if (served >= 0 && index > served) {
      const message = `it comes after "${plan.stages[served]?.name ?? ''}", in which somebody is served`;
      error(path, { rule, message, instead: 'the stage before every stage that serves somebody', key: true });
    }
    const before = plan.stages[index - 1];
    if (before !== undefined && isUnserved(before) && reach(stage) <= reach(before)) {
      const message = isAlike(stage)
        ? `the beginning with the old path on both sides comes after "${before.name}"`
        : `it runs the new path behind no more requests than "${before.name}"`;
      error(path, {
        rule,
        message,
        instead: 'one stage of `aa` first, then `dark` with growing percentages, and `shadow` last',
        key: true,
      });
    }
    for (const name of OF_USERS) {
      if (stage[name] === undefined || (name === 'minUsers' && isAlike(stage))) continue;
      const message = `nobody is served in a stage of \`${kind}\``;
      error(['stages', index, name], {
        rule,
        message,
        instead: 'take it out, or use `minRequests`',
        key: true,
      });
    }
    for (const [name, { improve }] of Object.entries(stage.metrics)) {
      if (!isAlike(stage) || improve === undefined) continue;
      const message = 'both cohorts have the old path: neither is to be better';
      error(['stages', index, 'metrics', name, 'improve'], {
        rule,
        message,
        instead: 'take it out',
        key: true,
      });
    }
    if (isShadowing(stage) && metrics.length === 0 && sound(['metrics'])) {
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
  if (unserved.length > 0 && served < 0 && sound(['stages'])) {
    const message = 'the plan ends with nobody served by the new path';
    error(['stages'], {
      rule,
      message,
      instead: 'a stage with `percent` or `audience` at the end',
      key: true,
    });
  }
  metrics.forEach((metric) => {
    const index = plan.metrics.indexOf(metric);
    if (shadowing || !sound(['metrics', index])) return;
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

/** A dark cohort, or one that is only counted, is given the canary's variant: only a dispatcher knows that it is not to be served. */
export function shadowRisks(plan: Plan, warn: (path: Path, remark: Remark) => void): void {
  plan.stages.forEach(({ aa, dark }, index) => {
    const cohort = aa ?? dark;
    if (cohort === undefined) return;
    const message = `the flag gives ${cohort.percent} % the canary's variant, and \`tidegate/client\` alone knows that it is not to be served`;
    const instead =
      aa === undefined
        ? '`shadow: {}` where other code asks for this flag too; else nothing'
        : 'no stage of `aa` where other code asks for this flag too; else nothing';
    warn(['stages', index, aa === undefined ? 'dark' : 'aa'], {
      rule: 'PLAN-DARK',
      message,
      instead,
      key: true,
    });
  });
}

/** Percent of the requests behind which the new path runs, none with `aa`; of all of them it is more than of any cohort. */
function reach({ aa, dark }: Stage): number {
  return aa === undefined ? (dark?.percent ?? Number.POSITIVE_INFINITY) : 0;
}

function kindOf(stage: Stage): (typeof KINDS)[number] {
  return KINDS.find((kind) => stage[kind] !== undefined) ?? 'shadow';
}
