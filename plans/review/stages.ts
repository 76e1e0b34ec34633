import type { Path } from '../document.ts';
import type { Stage } from '../stage.ts';
import type { Review } from './context.ts';
import { nameTwice, unknownMetric } from './names.ts';

const KINDS = ['audience', 'waves', 'percent', 'aa', 'shadow', 'dark', 'decommission'] as const;

/** Stages one by one, and their order. */
export function reviewStages(review: Review): void {
  const { plan } = review;
  nameTwice(review, 'stages', plan.stages);
  plan.stages.forEach((stage, index) => {
    const path = ['stages', index];
    if (!review.sound(path)) return;
    reviewKind(review, stage, path);
    reviewPercent(review, index);
    reviewTimes(review, stage, path);
    for (const name of Object.keys(stage.metrics))
      unknownMetric(review, [...path, 'metrics', name], { name, key: true });
    if (plan.source.users !== undefined) return;
    for (const counted of ['minUsers', 'maxUsers'] as const) {
      if ((stage[counted] ?? 0) === 0) continue;
      review.error([...path, counted], {
        rule: 'PLAN-USERS',
        message: 'nothing says how many users there are',
        instead: 'add `users:` to `source`, a selector of a gauge of distinct users, or take it out',
        key: true,
      });
    }
  });
}

function reviewKind({ plan, error }: Review, stage: Stage, path: Path): void {
  const kinds = KINDS.filter((kind) => stage[kind] !== undefined);
  if (kinds.length === 0) {
    const instead =
      'one of `percent: 5`, `audience: { segments: [...] }`, `shadow: {}`, `decommission: { cleanFor: 7d }`';
    error(path, { rule: 'PLAN-STAGE', message: 'nothing says who gets the canary in this stage', instead });
  }
  const second = kinds[1];
  if (second !== undefined) {
    const message = `a stage has one of ${KINDS.join(', ')}, and this one has ${kinds.join(' and ')}`;
    error([...path, second], { rule: 'PLAN-STAGE', message, instead: 'a stage for each', key: true });
  }
  if (stage.decommission !== undefined && plan.stages.at(-1) !== stage) {
    const message = 'nothing comes after the old path is gone';
    error([...path, 'decommission'], {
      rule: 'PLAN-STAGE',
      message,
      instead: 'the decommission stage as the last one',
      key: true,
    });
  }
  if (stage.decommission !== undefined && plan.stages.every(({ percent }) => percent !== 100)) {
    const message = 'the old path cannot go while it serves a part of the users';
    error([...path, 'decommission'], {
      rule: 'PLAN-STAGE',
      message,
      instead: 'a stage with `percent: 100` before it',
      key: true,
    });
  }
}

function reviewPercent({ plan, error, sound }: Review, index: number): void {
  const percent = plan.stages[index]?.percent;
  const path = ['stages', index, 'percent'];
  if (percent === undefined || !sound(path)) return;
  if (percent < 0.01) {
    error(path, {
      rule: 'PLAN-PERCENT',
      message: 'flags cannot tell less than 0.01 percent apart',
      instead: '0.01 or more',
    });
  }
  const before = plan.stages.findLastIndex(
    (stage, other) => other < index && stage.percent !== undefined && sound(['stages', other, 'percent']),
  );
  const last = plan.stages[before]?.percent;
  if (last === undefined || percent > last) return;
  const message = `${percent} percent is not more than the ${last} percent of "${plan.stages[before]?.name ?? ''}"`;
  error(path, { rule: 'PLAN-PERCENT', message, instead: `more than ${last}: the exposure only grows` });
}

function reviewTimes({ error, sound }: Review, stage: Stage, path: Path): void {
  if (
    stage.max === undefined ||
    stage.max >= stage.bake ||
    !sound([...path, 'max']) ||
    !sound([...path, 'bake'])
  )
    return;
  const message = 'a gate cannot give up before its bake time is over';
  error([...path, 'max'], {
    rule: 'PLAN-TIME',
    message,
    instead: 'at least the bake time (24h when none is given)',
  });
}
