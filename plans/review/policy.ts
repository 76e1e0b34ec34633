import type { Path } from '../document.ts';
import type { Review } from './context.ts';
import { nameTwice, unknownMetric } from './names.ts';

/** Limits beside the comparison. */
export function reviewLimits(review: Review): void {
  const { plan, error, sound } = review;
  nameTwice(review, 'limits', plan.limits);
  plan.limits.forEach((limit, index) => {
    const path = ['limits', index];
    if (!sound(path)) return;
    const { metric, expr } = limit;
    if (metric === undefined && expr === undefined) {
      const instead = `add \`metric:\` with one of ${[...new Set(plan.metrics.map(({ name }) => name))].join(', ')}, or \`expr:\` with PromQL`;
      error(path, { rule: 'PLAN-LIMIT', message: 'nothing says what is limited', instead });
    }
    if (metric !== undefined && expr !== undefined) {
      const message = 'both `metric` and `expr` are given';
      error([...path, 'expr'], { rule: 'PLAN-LIMIT', message, instead: 'one of them', key: true });
    }
    if (metric !== undefined && sound([...path, 'metric']))
      unknownMetric(review, [...path, 'metric'], { name: metric, key: false });
    if (limit.above.kind !== 'times-baseline' || !sound([...path, 'above'])) return;
    if (expr !== undefined) {
      error([...path, 'above'], {
        rule: 'PLAN-LIMIT',
        message: 'an expression has no baseline',
        instead: 'a plain value, such as 0',
      });
    } else if (limit.cohort === 'baseline') {
      error([...path, 'above'], {
        rule: 'PLAN-LIMIT',
        message: 'the baseline is always once itself',
        instead: '`cohort: canary`, or a plain value',
      });
    }
  });
}

/** Times and chances. */
export function reviewTimes({ plan, error, sound }: Review): void {
  const { source, analysis, policy } = plan;
  if (source.poll < 1 && sound(['source', 'poll'])) {
    error(['source', 'poll'], {
      rule: 'PLAN-TIME',
      message: 'a poll takes longer than that',
      instead: '1s or more',
    });
  } else if (!Number.isInteger(source.poll)) {
    const instead = `${Math.round(source.poll)}s`;
    error(['source', 'poll'], { rule: 'PLAN-TIME', message: 'windows end at whole seconds', instead });
  }
  const positive: [Path, number, string][] = [
    [['analysis', 'restart'], analysis.restart, '5m'],
    [['policy', 'noData', 'after'], policy.noData.after, '10m'],
    [['policy', 'pause', 'deadline'], policy.pause.deadline, '4h'],
  ];
  for (const [path, seconds, usual] of positive) {
    if (seconds > 0 || !sound(path)) continue;
    error(path, { rule: 'PLAN-TIME', message: 'no time at all', instead: `more than 0, such as ${usual}` });
  }
  for (const name of ['falseRollback', 'falsePromote'] as const) {
    const path = ['analysis', name];
    if ((analysis[name] > 0 && analysis[name] < 0.5) || !sound(path)) continue;
    const message =
      analysis[name] === 0 ? 'only endless evidence is never wrong' : 'that is no better than a coin';
    error(path, { rule: 'PLAN-CHANCE', message, instead: 'between 0% and 50%, such as 1%' });
  }
}

/** Who must agree and who is told. */
export function reviewPeople({ plan, error, sound }: Review): void {
  const approvals = [
    { path: ['approvals', 'start'], approval: plan.approvals.start },
    { path: ['approval'], approval: plan.approval },
    ...plan.stages.map(({ approval }, index) => ({ path: ['stages', index, 'approval'], approval })),
  ];
  for (const { path, approval } of approvals) {
    if (approval === undefined || !sound(path)) continue;
    approval.roles.forEach((role, index) => {
      if (approval.roles.indexOf(role) === index || !sound([...path, 'roles', index])) return;
      error([...path, 'roles', index], {
        rule: 'PLAN-APPROVAL',
        message: `the role ${role} is named twice`,
        instead: 'each role once; `quorum: 2` asks for two people',
      });
    });
    if (approval.sla <= 0 && sound([...path, 'sla'])) {
      error([...path, 'sla'], {
        rule: 'PLAN-APPROVAL',
        message: 'nobody can answer in no time',
        instead: 'more than 0, such as 30m',
      });
    }
  }
  plan.notify.forEach(({ channel, events }, index) => {
    const before = plan.notify.slice(0, index).filter((other) => other.channel === channel);
    events.forEach((event, position) => {
      const path = ['notify', index, 'events', position];
      const twice = events.indexOf(event) < position || before.some((other) => other.events.includes(event));
      if (!twice || !sound(path) || !sound(['notify', index, 'channel'])) return;
      error(path, {
        rule: 'PLAN-NOTIFY',
        message: `${channel} is told of ${event} already`,
        instead: 'each event once for a channel',
      });
    });
  });
}
