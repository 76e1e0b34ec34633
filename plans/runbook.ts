import { documentText } from './comparison-cells.ts';
import { exclusionLimits } from './exclusion-limits.ts';
import type { Limit } from './limit.ts';
import { valueText } from './metric-words.ts';
import { TOLD } from './names.ts';
import type { Plan } from './plan.ts';
import { stagesPart } from './runbook-stages.ts';
import { severable } from './slices.ts';
import type { Stage } from './stage.ts';
import { durationText, marginText } from './units.ts';
import { percent, rate } from './words.ts';

/**
 * What whoever is on call needs of a rollout at night, as Markdown: who has the canary when, what stops it by itself, who may do what,
 * and the commands, those that need no server among them. It is made of the plan alone, so it can be made before the start.
 */
export function runbookOf(plan: Plan): string {
  const { metadata } = plan;
  const watches = plan.mode === 'observe';
  const parts = [
    `# Runbook: ${documentText(metadata.title ?? metadata.name)}`,
    about(plan),
    '## Take it back',
    watches ? takenBackElsewhere(plan) : takeBack(plan),
    '## Who has the new path, and when',
    stagesPart(plan),
    watches ? '## What it would stop' : '## What stops it by itself',
    ...(watches ? ['Nothing of this is done: it is said, and whoever moves the flag decides.'] : []),
    bullets(stops(plan)),
    ...(watches ? [] : ['## When it waits for somebody', bullets(waiting(plan))]),
    '## What to look at',
    looking(plan),
    '## Afterwards',
    bullets(watches ? observed(plan) : afterwards(plan)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function about({ metadata, flag, environment, reversibility, mode }: Plan): string {
  const rows: [string, string | undefined][] = [
    [
      'Flag',
      `${flag.key} in ${environment}, ${flag.provider === TOLD ? 'of which others tell what it serves' : `served by ${flag.provider}`}`,
    ],
    ['Service', metadata.service],
    ['Owner', metadata.owner],
    ['Ticket', metadata.ticket],
    ['Build', metadata.build],
    ['Risk', metadata.risk],
    [
      'Can be taken back',
      reversibility === 'reversible' ? 'yes' : 'no: the new path writes data that the old one cannot read',
    ],
    ['Mode', mode === 'observe' ? 'it only watches: it moves nothing and asks nobody' : undefined],
  ];
  return bullets(
    rows.flatMap(([name, value]) => (value === undefined ? [] : [`**${name}**: ${documentText(value)}`])),
  );
}

/** A rollout that only watches has nothing to take back; a kill reaches the flags that Tidegate serves or moves. */
function takenBackElsewhere({ flag, environment }: Plan): string {
  const others = 'Whoever moves the flag takes it back where they move it: this rollout cannot.';
  if (flag.provider === TOLD) return others;
  const commands = [
    [
      `tidegate kill ${flag.key} --environment ${environment} --reason "..."`,
      'nothing raises the flag until it is unlocked; refused where Tidegate only reads it',
    ],
  ];
  return `${others}\n\n${code(commands)}`;
}

function takeBack(plan: Plan): string {
  const { flag, environment, metadata } = plan;
  const commands = [
    [
      `tidegate rollback ${metadata.name}${plan.policy.rollback === 'progressive' ? ' --immediate' : ''} --reason "..."`,
      'the new path is taken from everybody, in seconds; no quorum',
    ],
    [
      `tidegate kill ${flag.key} --environment ${environment} --reason "..."`,
      'past the rollout: nothing raises the flag until it is unlocked',
    ],
    [
      `tidegate kill ${flag.key} --environment ${environment} --direct --reason "..."`,
      'the same without the server, Temporal or PostgreSQL',
    ],
  ];
  const end =
    plan.reversibility === 'reversible'
      ? 'After each of them nobody has the new path.'
      : plan.safeExposure === undefined || plan.safeExposure === 'frozen'
        ? 'The plan is forward-only: who has the new path keeps it, and nobody is added.'
        : `The plan is forward-only: who has the new path gets the variant ${documentText(plan.safeExposure.variant)} in its place.`;
  return `${code(commands)}\n\n${end}`;
}

function stops(plan: Plan): string[] {
  const { policy, metrics, limits, alerts } = plan;
  const soft = { pause: 'pauses', rollback: 'is rolled back', 'step-back': 'goes back one stage' }[
    policy.soft
  ];
  const margins = metrics.flatMap(({ name, soft: least, hard }) => {
    const parts = [
      ...(hard == null
        ? []
        : [
            `beyond ${marginText(hard)} it ${policy.hard === 'rollback' ? 'is rolled back at once' : 'pauses'}`,
          ]),
      ...(least == null ? [] : [`beyond ${marginText(least)} it ${soft}`]),
    ];
    return parts.length === 0
      ? []
      : [`**${documentText(name)}** worse than on the old path: ${parts.join(', ')}`];
  });
  const alert = ([what, action]: readonly [string, 'rollback' | 'pause' | 'note']) =>
    action === 'note' ? [] : [`${what}: it ${action === 'rollback' ? 'is rolled back' : 'pauses'}`];
  return [
    ...margins,
    ...limits.map((limit) => limitText(plan, limit)),
    ...plan.stages.flatMap(stageLimits),
    ...exclusionLimit(plan),
    ...(
      [
        ['An alert about the canary', alerts.canary],
        ['An alert about the whole service', alerts.service],
        ['Another deployment of the service', alerts.deploy],
        ['A critical bug that is reported', alerts.bug],
      ] as const
    ).flatMap(alert),
    `No data for ${durationText(policy.noData.after)}: it ${policy.noData.then === 'rollback' ? 'is rolled back' : 'pauses'}; nothing ever passes without data`,
    ...(plan.deadline === undefined
      ? []
      : [`Not over by its deadline: it ${plan.deadline.then === 'rollback' ? 'is rolled back' : 'pauses'}`]),
    ...(plan.lease === undefined
      ? []
      : [
          `Every process of Tidegate gone for ${durationText(plan.lease)}: the flag goes back to the last proven stage by itself`,
        ]),
  ];
}

function limitText({ metrics }: Plan, { name, metric, cohort, above, for: lasting, action }: Limit): string {
  const kind = metrics.find((one) => one.name === metric)?.kind;
  const what = metric === undefined ? 'its expression' : `${metric} of the ${cohort}`;
  const size =
    above.kind === 'value'
      ? `above ${valueText(kind, above.value)}`
      : `above ${above.factor} times the baseline`;
  const long = lasting > 0 ? ` for ${durationText(lasting)}` : '';
  return `**${documentText(name)}**: ${documentText(what)} ${size}${long}: it ${action === 'rollback' ? 'is rolled back' : 'pauses'}`;
}

/** What a stage has beside the limits of the plan: the parity of what runs behind, and a cap on its users. */
function stageLimits({ name, shadow, dark, maxUsers }: Stage): string[] {
  const stage = `In stage ${documentText(name)}`;
  const parity = shadow?.parity ?? dark?.parity;
  return [
    ...(parity === undefined ? [] : [`${stage} more than ${rate(parity)} of the answers differ: it pauses`]),
    ...(maxUsers === undefined ? [] : [`${stage} more than ${maxUsers} users have the canary: it pauses`]),
  ];
}

/** When it is no exception any more that somebody is off. */
function exclusionLimit(plan: Plan): string[] {
  if (severable(plan).size === 0) return [];
  const { most, traffic } = exclusionLimits(plan.policy);
  const end = plan.policy.hard === 'rollback' ? 'is rolled back' : 'pauses';
  return [
    `More than ${most} ${most === 1 ? 'slice' : 'slices'}, or ${rate(traffic)} of the requests of the canary, to be taken off it: the whole ${end}`,
  ];
}

function waiting(plan: Plan): string[] {
  const { name } = plan.metadata;
  const { pause } = plan.policy;
  return [
    `Why it waits, and for whom: \`tidegate status ${name}\``,
    `A pause that nobody answers within ${durationText(pause.deadline)} ${pause.then === 'rollback' ? 'rolls it back' : 'goes back one stage'}`,
    `Where it waits for approval: \`tidegate approve ${name} --role ROLE\`; whoever submitted it cannot`,
    `To go on after a pause whose cause is gone: \`tidegate resume ${name} --reason "..."\``,
    `To give up one stage: \`tidegate step-back ${name} --reason "..."\``,
  ];
}

function looking(plan: Plan): string {
  const { name } = plan.metadata;
  const told = plan.notify.map(
    ({ channel, events }) => `**${documentText(channel)}** hears of ${documentText(events.join(', '))}`,
  );
  const slices = plan.coverage.map(
    ({ slice, then }) =>
      `${documentText(slice)} is watched by itself${then === 'exclude' ? ' and taken off alone when it alone gets worse' : ''}`,
  );
  const commands = code([
    [`tidegate watch ${name}`, 'live'],
    [`tidegate compare ${name}`, 'both cohorts side by side'],
    [`tidegate report ${name} --html report.html`, 'the whole story'],
    [`tidegate report-bug ${name} --severity critical --title "..."`, 'tell it of a bug in the new path'],
  ]);
  return [commands, bullets([...told, ...slices])].filter((part) => part !== '').join('\n\n');
}

function observed({ metadata: { name }, analysis }: Plan): string[] {
  return [
    `It is over once the gate of its last stage has passed, once nobody has the new path any more, or with \`tidegate end ${name} --reason "..."\``,
    `\`tidegate report ${name}\` shows what it would have done beside what was done`,
    chance(analysis),
  ];
}

function chance({ falseRollback }: Plan['analysis']): string {
  return `At most ${percent(falseRollback * 100)} of the rollouts of a path that is as good as the old one are stopped by chance`;
}

function afterwards(plan: Plan): string[] {
  const { name } = plan.metadata;
  const last = plan.stages.find(({ decommission }) => decommission !== undefined)?.decommission;
  return [
    `A rollback is over once the metrics show the traffic on the old path; \`tidegate status ${name}\` says so`,
    `Mend the cause, then \`tidegate retry ${name} --reason "..."\``,
    ...(last === undefined
      ? []
      : [
          `Behind the point of no return nothing brings the old path back${last.runbook === undefined ? '' : `: ${documentText(last.runbook)}`}`,
        ]),
    chance(plan.analysis),
  ];
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function code(commands: readonly (readonly string[])[]): string {
  const width = Math.max(...commands.map(([command = '']) => command.length));
  return [
    '```sh',
    ...commands.map(([command = '', what = '']) => `${command.padEnd(width)}  # ${what}`),
    '```',
  ].join('\n');
}
