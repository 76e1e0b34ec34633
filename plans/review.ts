import type { Path } from './document.ts';
import type { Metric, Plan } from './plan.ts';
import { checkExpression, checkMatchers, checkSelector, type PromqlProblem } from './promql.ts';
import { stageExposure } from './stages.ts';
import type { Margin } from './units.ts';
import { parseRange, timezoneKnown } from './windows.ts';

export interface Note {
  severity: 'error' | 'warning';
  rule: string;
  path: Path;
  message: string;
  instead: string;
}

type Add = (path: Path, rule: string, message: string, instead?: string) => void;

/** What the schema alone cannot see: conditions between fields, PromQL, and defaults that are a risk. */
export function reviewPlan(plan: Plan, written: Plan): Note[] {
  const notes: Note[] = [];
  const add =
    (severity: Note['severity']): Add =>
    (path, rule, message, instead = '') =>
      void notes.push({ severity, rule, path, message, instead });
  const error = add('error');
  checkSupport(plan, error);
  checkFlag(plan, error);
  checkMetrics(plan, written, error);
  checkLimits(plan, error);
  checkStages(plan, error);
  checkTimes(plan, error);
  checkApprovals(plan, error);
  checkQueries(plan, error);
  warn(plan, add('warning'));
  return notes;
}

/** What the language has and this version does not carry out is refused, never silently left out. */
function checkSupport(plan: Plan, error: Add): void {
  const no = (path: Path, what: string) => error(path, 'PLAN-NOT-SUPPORTED', `${what} is not carried out by this version`, 'take it out');
  if (plan.mode === 'observe') no(['mode'], '`mode: observe`');
  if (plan.lease !== undefined) no(['lease'], '`lease`');
  if (plan.coverage.length > 0) no(['coverage'], '`coverage`');
  if (plan.flag.provider !== 'embedded') no(['flag', 'provider'], `the provider "${plan.flag.provider}"`);
  plan.stages.forEach((stage, index) => {
    if (stage.lease !== undefined) no(['stages', index, 'lease'], '`lease`');
    if (stage.coverage !== undefined) no(['stages', index, 'coverage'], '`coverage`');
  });
}

function checkFlag({ flag, reversibility, safeExposure }: Plan, error: Add): void {
  if (flag.baseline === flag.canary) error(['flag', 'canary'], 'PLAN-VARIANTS', `baseline and canary are both "${flag.canary}"`, 'two different variants');
  for (const name of [flag.baseline, flag.canary]) {
    if (flag.variants !== undefined && !(name in flag.variants)) error(['flag', 'variants'], 'PLAN-VARIANTS', `the variant "${name}" has no value`, `add \`${name}: ...\``);
  }
  if (reversibility === 'forward-only' && safeExposure === undefined) {
    error(['reversibility'], 'PLAN-SAFE-EXPOSURE', 'a forward-only plan must say where a stop ends', '`safeExposure: frozen` or `safeExposure: { variant: disabled }`');
  }
  if (reversibility === 'reversible' && safeExposure !== undefined) {
    error(['safeExposure'], 'PLAN-SAFE-EXPOSURE', 'a reversible plan always goes back to nobody', 'take it out, or write `reversibility: forward-only`');
  }
  if (safeExposure !== undefined && safeExposure !== 'frozen' && flag.variants?.[safeExposure.variant] === undefined) {
    error(['safeExposure'], 'PLAN-SAFE-EXPOSURE', `the variant "${safeExposure.variant}" has no value`, 'name it in `flag.variants`');
  }
}

function checkMetrics(plan: Plan, written: Plan, error: Add): void {
  unique(plan.metrics.map(({ name }) => name), 'metrics', error);
  plan.metrics.forEach((metric, index) => {
    const path = ['metrics', index];
    if (metric.kind === 'ratio' && (metric.bad === undefined) === (metric.good === undefined)) {
      error(path, 'PLAN-BAD-OR-GOOD', 'a ratio needs exactly one of `bad` and `good`', 'the counter of the bad events, or of the good ones');
    }
    checkMargins(metric, metric, path, error);
  });
  const weights = written.metrics.map(({ weight }) => weight ?? 0);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const all = written.metrics.every(({ weight }) => weight !== undefined);
  if (all ? Math.abs(sum - 1) > 1e-6 : sum >= 1) {
    error(['metrics'], 'PLAN-WEIGHTS', `the weights sum to ${Number(sum.toFixed(6))}`, all ? 'weights that sum to 1' : 'less than 1, so that something is left for the others');
  }
}

function checkMargins(metric: Metric, margins: { soft?: Margin | undefined; hard?: Margin | undefined }, path: Path, error: Add): void {
  const wanted = metric.kind === 'ratio' && metric.good !== undefined ? 'decrease' : 'increase';
  for (const name of ['soft', 'hard'] as const) {
    const margin = margins[name];
    if (margin === undefined) continue;
    if (margin.direction !== wanted) {
      error([...path, name], 'PLAN-DIRECTION', `a ${margin.direction} of ${metric.name} is no harm`, wanted === 'increase' ? 'a difference with +' : 'a difference with -');
    }
    if (metric.kind === 'latency' && margin.absolute !== null) {
      error([...path, name], 'PLAN-UNIT', 'latency is compared relative to the baseline', 'such as +20%');
    }
    if (margin.absolute === 0 || margin.relative === 0) error([...path, name], 'PLAN-MARGIN', 'a margin of zero stops equal cohorts too', 'the smallest harm that matters');
  }
  const { soft, hard } = margins;
  const below = (a: number | null | undefined, b: number | null | undefined) => a !== null && a !== undefined && b !== null && b !== undefined && b < a;
  if (below(soft?.absolute, hard?.absolute) || below(soft?.relative, hard?.relative)) {
    error([...path, 'hard'], 'PLAN-MARGIN', 'the hard margin is smaller than the soft one', 'a hard margin beyond the soft one');
  }
}

function checkLimits(plan: Plan, error: Add): void {
  unique(plan.limits.map(({ name }) => name), 'limits', error);
  const names = plan.metrics.map(({ name }) => name);
  plan.limits.forEach((limit, index) => {
    const path = ['limits', index];
    if ((limit.metric === undefined) === (limit.expr === undefined)) error(path, 'PLAN-METRIC-OR-EXPR', 'a limit needs exactly one of `metric` and `expr`', 'the name of a metric, or a PromQL expression');
    if (limit.metric !== undefined && !names.includes(limit.metric)) error([...path, 'metric'], 'PLAN-UNKNOWN-METRIC', `there is no metric "${limit.metric}"`, `one of ${names.join(', ')}`);
    if (limit.expr !== undefined && limit.above.kind === 'times-baseline') error([...path, 'above'], 'PLAN-LIMIT', 'an expression has no baseline', 'a plain value');
  });
}

function checkStages(plan: Plan, error: Add): void {
  unique(plan.stages.map(({ name }) => name), 'stages', error);
  const names = plan.metrics.map(({ name }) => name);
  plan.stages.forEach((stage, index) => {
    const path: Path = ['stages', index];
    const kinds = [stage.audience, stage.percent, stage.decommission].filter((kind) => kind !== undefined).length;
    if (kinds !== 1) error(path, 'PLAN-STAGE-KIND', `stage "${stage.name}" has ${kinds === 0 ? 'none' : 'more than one'} of audience, percent and decommission`, 'exactly one of them');
    if (stage.percent !== undefined && stage.percent < 0.01) error([...path, 'percent'], 'PLAN-PERCENT', 'less than 0.01 percent cannot be told apart', 'at least 0.01');
    const before = stageExposure(plan, index - 1).percent;
    if (stage.percent !== undefined && stage.percent <= before) error([...path, 'percent'], 'PLAN-PERCENT', `${stage.percent} % does not come after ${before} %`, 'a larger percentage than the stage before');
    if (stage.decommission !== undefined && index !== plan.stages.length - 1) error([...path, 'decommission'], 'PLAN-STAGE-ORDER', 'nothing comes after decommission', 'make it the last stage');
    if (stage.max !== undefined && stage.max < stage.bake) error([...path, 'max'], 'PLAN-TIMES', 'the longest time is shorter than the bake time', 'at least the bake time');
    if ((stage.minUsers ?? 0) > 0 && plan.source.users === undefined) error([...path, 'minUsers'], 'PLAN-USERS', 'nobody knows how many users there are', 'add `source: { users: SELECTOR }`, a gauge of distinct users');
    for (const [name, margins] of Object.entries(stage.metrics)) {
      const metric = plan.metrics.find((one) => one.name === name);
      if (metric === undefined) error([...path, 'metrics', name], 'PLAN-UNKNOWN-METRIC', `there is no metric "${name}"`, `one of ${names.join(', ')}`);
      else checkMargins(metric, { soft: margins.soft ?? metric.soft, hard: margins.hard ?? metric.hard }, [...path, 'metrics', name], error);
    }
  });
}

function checkTimes({ source, windows }: Plan, error: Add): void {
  if (source.poll < 1) error(['source', 'poll'], 'PLAN-TIMES', 'a poll shorter than a second sees no more', 'at least 1s');
  if (!Number.isInteger(source.poll)) error(['source', 'poll'], 'PLAN-TIMES', 'windows end at whole seconds', 'whole seconds');
  if (windows === undefined) return;
  if (!timezoneKnown(windows.timezone)) error(['windows', 'timezone'], 'PLAN-TIMEZONE', `there is no time zone "${windows.timezone}"`, 'such as Europe/Berlin');
  windows.allow.forEach((text, index) => {
    const range = parseRange(text);
    if (typeof range === 'string') error(['windows', 'allow', index], 'PLAN-WINDOW', range, 'such as "Mon-Thu 09:00-16:00"');
  });
  windows.freezes.forEach(({ from, to }, index) => {
    if (from > to) error(['windows', 'freezes', index], 'PLAN-WINDOW', 'the freeze ends before it begins', 'from the first day to the last');
  });
}

function checkApprovals(plan: Plan, error: Add): void {
  const each = [
    { path: ['approvals', 'start'], approval: plan.approvals.start },
    { path: ['approval'], approval: plan.approval },
    ...plan.stages.map(({ approval }, index) => ({ path: ['stages', index, 'approval'], approval })),
  ];
  for (const { path, approval } of each) {
    if (approval !== undefined && new Set(approval.roles).size !== approval.roles.length) error([...path, 'roles'], 'PLAN-APPROVAL', 'a role is named twice', 'each role once');
  }
}

function checkQueries(plan: Plan, error: Add): void {
  const say = (path: Path, problem: PromqlProblem | null) => {
    if (problem !== null) error(path, 'PLAN-PROMQL', `${problem.message} (character ${problem.at + 1})`, problem.instead);
  };
  const selector = (path: Path, text: string | undefined) => {
    if (text !== undefined) say(path, checkSelector(text));
  };
  plan.metrics.forEach((metric, index) => {
    const path = ['metrics', index];
    if (metric.kind === 'latency') {
      selector([...path, 'histogram'], metric.histogram);
      if (/_bucket\s*(?:\{|$)/.test(metric.histogram)) error([...path, 'histogram'], 'PLAN-PROMQL', 'the histogram is named by its buckets', 'its own name, without _bucket');
      return;
    }
    selector([...path, 'bad'], metric.bad);
    selector([...path, 'good'], metric.good);
    selector([...path, 'total'], metric.total);
  });
  selector(['source', 'users'], plan.source.users);
  const { cohorts } = plan.source;
  if (!('label' in cohorts)) {
    for (const name of ['baseline', 'canary'] as const) say(['source', 'cohorts', name], checkMatchers(cohorts[name]));
  }
  const expression = (path: Path, text: string | undefined) => {
    if (text !== undefined) say(path, checkExpression(text));
  };
  plan.limits.forEach(({ expr }, index) => expression(['limits', index, 'expr'], expr));
  plan.stages.forEach(({ decommission }, index) => expression(['stages', index, 'decommission', 'unused'], decommission?.unused));
}

function warn(plan: Plan, add: Add): void {
  if (plan.metadata.owner === undefined) add(['metadata'], 'PLAN-NO-OWNER', 'nobody owns the rollout', 'add `owner: TEAM`');
  if (!plan.metrics.some(({ kind }) => kind === 'latency')) add(['metrics'], 'PLAN-NO-LATENCY', 'no latency is compared: a slow canary passes', 'add a metric of kind latency');
  if (!plan.metrics.some(({ hard }) => hard !== undefined) && !plan.limits.some(({ action }) => action === 'rollback')) {
    add(['metrics'], 'PLAN-NO-HARD-STOP', 'nothing rolls back by itself', 'give a metric a `hard` margin');
  }
  const first = plan.stages.find(({ percent }) => percent !== undefined);
  if (first?.percent !== undefined && first.percent > 5) add(['stages', plan.stages.indexOf(first), 'percent'], 'PLAN-BIG-FIRST-STEP', `the first public stage serves ${first.percent} %`, 'begin with 1 % or less');
  if (!plan.stages.some(({ audience }) => audience !== undefined)) add(['stages'], 'PLAN-NO-INTERNAL', 'no internal stage comes first', 'a stage with `audience: { segments: [...] }`');
  const told = plan.notify.flatMap(({ events }) => events);
  if (!told.some((event) => event === 'rolled-back' || event === 'hard-stop')) add(['notify'], 'PLAN-SILENT-STOP', 'nobody is told of a rollback', 'a channel for `rolled-back` and `paused`');
}

function unique(names: readonly string[], list: string, error: Add): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) error([list, index, 'name'], 'PLAN-DUPLICATE', `"${name}" is there already`, 'a name of its own');
  });
}
