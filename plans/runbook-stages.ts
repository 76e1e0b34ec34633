import type { Approval } from './approval.ts';
import { asksBefore } from './before.ts';
import { documentText } from './comparison-cells.ts';
import { leastTime } from './least-time.ts';
import type { Plan } from './plan.ts';
import { requirementLines } from './requires.ts';
import type { Stage } from './stage.ts';
import { approvalFor, stageExposure } from './stages.ts';
import { durationText } from './units.ts';
import type { Windows } from './windows.ts';
import { askedText, audience, moment, segmentList } from './words.ts';

/** Who has the new path in each stage, how long at least, and what must hold before the next one opens, as Markdown. */
export function stagesPart(plan: Plan): string {
  const acts = plan.mode === 'act';
  const line = (cells: readonly string[]) => `| ${cells.map(documentText).join(' | ')} |`;
  const rows = plan.stages.map((stage, index) =>
    line([
      stage.name,
      stage.decommission === undefined ? whoIn(plan, index) : 'everyone; the old path is taken down',
      durationText(leastTime(stage)),
      acts ? leavingText(plan, index) : 'somebody gives it to them',
    ]),
  );
  return [
    line(['stage', 'who', 'at least', 'the next one opens once']),
    '| --- | --- | ---: | --- |',
    ...rows,
    ...[...(acts ? beginLines(plan) : []), ...timeLines(plan)].flatMap((text) => ['', documentText(text)]),
  ].join('\n');
}

/** What must hold before the stage after this one opens; of the last one, before the rollout is over. */
function leavingText(plan: Plan, index: number): string {
  const last = index === plan.stages.length - 1;
  const confirm = plan.stages[index]?.decommission?.confirm;
  if (confirm !== undefined) {
    const who = confirm.roles === undefined ? 'somebody' : askedText({ roles: confirm.roles, quorum: 'any' });
    return `the old path has been seen unused, and ${who} has confirmed that it may go; it is the last`;
  }
  if (last) return 'it is the last';
  const approval = approvalFor(plan, index);
  return listed([
    'its gate has passed',
    ...(approval === null ? [] : [asked(approval)]),
    ...checksText(plan.stages[index + 1]),
  ]);
}

function checksText(stage: Stage | undefined): string[] {
  const names = stage?.checks?.map(({ name }) => name) ?? [];
  if (names.length === 0) return [];
  return [
    names.length === 1
      ? `the check ${names[0] ?? ''} answers as expected`
      : `the checks ${names.join(', ')} answer as expected`,
  ];
}

/** What is asked before anybody has the new path. */
function beginLines(plan: Plan): string[] {
  const { start } = plan.approvals;
  const conditions = [
    ...(start === undefined ? [] : [asked(start)]),
    ...(asksBefore(plan.before) ? [beforeText(plan.before)] : []),
    ...checksText(plan.stages[0]),
  ];
  return [
    ...(conditions.length === 0 ? [] : [`Before the first stage ${listed(conditions)}.`]),
    ...requirementLines(plan).map((text) => `Of other rollouts: ${text}.`),
  ];
}

function beforeText({ metrics, alerts, drill, evidence, waive }: NonNullable<Plan['before']>): string {
  const all = [
    ...(metrics === undefined ? [] : ['the metrics']),
    ...(alerts === undefined ? [] : [`the alerts ${alerts.join(', ')}`]),
    ...(drill === undefined ? [] : ['a drill']),
    ...(evidence ?? []),
  ];
  const who =
    waive === undefined ? '' : ` (${askedText({ roles: waive.roles, quorum: 'any' })} may waive it)`;
  return `this has been shown: ${all.join(', ')}${who}`;
}

function timeLines(plan: Plan): string[] {
  const { start, deadline, windows, stages } = plan;
  return [
    ...(start === undefined ? [] : [`It does not begin before ${moment(Date.parse(start.at))}.`]),
    ...(deadline === undefined
      ? []
      : [
          deadline.at === undefined
            ? `It is to be over ${durationText(deadline.after ?? 0)} after its first stage began.`
            : `It is to be over by ${moment(Date.parse(deadline.at))}.`,
        ]),
    ...windowLines('Stages open', windows),
    ...stages.flatMap((stage) => windowLines(`In place of that, ${stage.name} opens`, stage.windows)),
  ];
}

function windowLines(what: string, windows: Windows | undefined): string[] {
  if (windows === undefined) return [];
  const { allow, freezes, holidays = [], timezone, bakeOutsideFreezes } = windows;
  const off = [
    ...freezes.map(({ from, to }) => (from === to ? from : `${from} to ${to}`)),
    ...(typeof holidays === 'string' ? [`the holidays "${holidays}"`] : holidays),
  ];
  if (allow.length === 0 && off.length === 0) return [];
  const hours = allow.length === 0 ? 'at any hour' : `only ${allow.join(', ')}`;
  const never = off.length === 0 ? '' : `, and not on ${off.join(', ')}`;
  const clear = bakeOutsideFreezes === true ? ', nor where its time would run into a freeze' : '';
  return [`${what} ${hours}${never}${clear} (${timezone}); stops never wait for that.`];
}

/** Who has it; of a list that grows those whom the stage adds, as the others stand above. */
function whoIn(plan: Plan, index: number): string {
  const before = stageExposure(plan, index - 1);
  const now = stageExposure(plan, index);
  const added = now.segments.filter((name) => !before.segments.includes(name));
  const grows = now.percent === before.percent && now.mode === undefined && before.segments.length > 0;
  return grows && added.length > 0 ? `${segmentList(added)}, beside those before` : audience(now);
}

function asked(approval: Approval): string {
  const many = typeof approval.quorum === 'number' && approval.quorum > 1;
  return `${askedText(approval)} ${many ? 'have' : 'has'} agreed`;
}

/** `a`, `a and b`, `a, b and c`. */
function listed(parts: readonly string[]): string {
  const [last = '', ...rest] = parts.toReversed();
  return rest.length === 0 ? last : `${rest.toReversed().join(', ')} and ${last}`;
}
