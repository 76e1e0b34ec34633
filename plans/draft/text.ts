import { Document, isCollection, isMap, isScalar, type Node, visit } from 'yaml';
import { durationText } from '../units.ts';
import type { Answers } from './answers.ts';
import { draftPlan } from './draft.ts';
import { profileOf } from './profiles.ts';
import type { Schedule } from './schedule.ts';

type Path = readonly (string | number)[];

/** The plan as YAML, with the reason of each part above it. */
export function draftText(answers: Answers, schedule: Schedule): string {
  const document = new Document(draftPlan(answers, schedule));
  for (const [path, lines] of reasons(answers, schedule)) annotate(document, path, lines);
  visit(document, {
    Scalar(_key, node) {
      // Readers of YAML 1.1 take these for true and false.
      if (node.value === 'on' || node.value === 'off') node.type = 'QUOTE_DOUBLE';
    },
    Collection(_key, node, ancestors) {
      // Stages, approvals and rules are read best as lines; metrics are too long for that.
      if (ancestors.length > 3 && !isLong(node)) node.flow = true;
    },
  });
  document.commentBefore = head(answers, schedule)
    .map((line) => ` ${line}`)
    .join('\n');
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const LONGEST_LINE = 150;

function isLong(node: Node): boolean {
  return JSON.stringify(node).length > LONGEST_LINE;
}

function head(answers: Answers, { stages }: Schedule): string[] {
  const { risk, profile } = profileOf(answers);
  const first = stages[0]?.percent ?? 100;
  const least = durationText(Math.min(profile.full, ...stages.map(({ bake }) => bake)));
  const raised =
    risk === answers.risk
      ? []
      : [
          `Written as ${risk}: a change that cannot be undone, or moves data, is never as harmless as ${answers.risk}.`,
        ];
  return [
    `Risk ${answers.risk}. ${profile.why}: ${stages.length + 1} steps from ${first} %, each of ${least} or more; ${profile.asks}.`,
    ...raised,
    'Everything that holds stands in this file: change what does not fit, then `tidegate plan check` and `tidegate preflight`.',
    'Roles, channels, segments and sources are those of tidegate.yaml; the metrics are those that tidegate/client writes.',
    'Times were reckoned from the requests a second alone (docs/analysis.md); a preflight measures the service itself.',
  ];
}

function reasons(answers: Answers, schedule: Schedule): [Path, string[]][] {
  const { profile } = profileOf(answers);
  const { migration, traffic } = answers;
  const forward = answers.reversibility === 'forward-only';
  const left = schedule.left.map(({ percent, why }) => `No stage of ${percent} %: ${why}.`);
  const all: [Path, string[]][] = [
    [
      ['flag'],
      [
        'The flag should be out of the code by then.',
        ...(forward
          ? [
              'The third variant disables the feature: a stop gives it to whoever had the canary. The application must know all three.',
            ]
          : []),
      ],
    ],
    [['source'], ['Distinct users of each cohort, for the split and for minUsers.']],
    [
      ['metrics'],
      ['Evidence beyond `soft` pauses and asks, a difference beyond `hard` rolls back by itself.'],
    ],
    [
      ['limits'],
      [
        'What holds without a baseline too, at 100 % above all. Set the ceiling to where you would wake somebody, and add one of the',
        'latency: how long may nobody wait? Such as { name: too slow, metric: latency, above: 2s, for: 5m, action: rollback }.',
      ],
    ],
    [
      ['policy'],
      [
        `Without metrics for ${profile.noData.after} nothing is known; a pause that nobody answers ends by itself.`,
      ],
    ],
    [
      ['stages'],
      [
        `At ${traffic} requests/s. No step is larger than five times the one before, and each sees a daily peak.`,
        ...left,
      ],
    ],
    [['windows'], ['For upward moves alone: stops, rollbacks and kills never wait.']],
    [
      ['before'],
      [
        `Nothing starts without: ${profile.before?.drill === true ? 'a drill passed in staging, and ' : ''}what is told with \`tidegate evidence\`. Who may waive says why.`,
      ],
    ],
    [
      ['alerts'],
      ['Alerts from outside: about the canary alone, about the whole service, and other deployments of it.'],
    ],
    [
      ['notify'],
      [
        profile.pages
          ? 'News for those who follow it, stops for those who are on duty.'
          : 'Nobody is woken: a stop has already rolled back or paused.',
      ],
    ],
    [['allow'], ['Looked at and taken on purpose.']],
  ];
  if (forward)
    all.push([
      ['reversibility'],
      ['The old path cannot read what the canary has written: a stop does not go back to it.'],
    ]);
  if (migration)
    all.push([
      ['migration'],
      [
        forward
          ? 'The new place alone is written; parity compares what both paths answer.'
          : 'Both places must be written until the old path is gone, so that a rollback loses nothing.',
      ],
    ]);
  if (profile.approvals.each !== undefined)
    all.push([['approval'], ['Opens every stage that names no other.']]);
  if (profile.approvals.start !== undefined) all.push([['approvals'], ['Before the first user.']]);
  if (profile.lease !== null)
    all.push([
      ['lease'],
      ['With all of Tidegate gone the flag goes back by itself, to the last proven stage.'],
    ]);
  all.push([['stages', 0], ['Your own people first: what is broken for everybody is found here.']]);
  schedule.stages.forEach(({ notes }, index) => all.push([['stages', index + 1], notes]));
  const full = schedule.stages.length + 1;
  all.push([
    ['stages', full],
    [
      `No baseline is left: the limits guard it${profile.full >= 7 * 86_400 ? ', through every day of the week' : ''}.`,
    ],
  ]);
  all.push([
    ['stages', full + 1],
    ['The point of no return: the old path must be seen unused, then it can go.'],
  ]);
  return all;
}

/** Puts lines above an entry of a mapping, or an item of a list. */
function annotate(document: Document, path: Path, lines: readonly string[]): void {
  const holder = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const last = path.at(-1);
  if (!isCollection(holder)) return;
  const at = isMap(holder)
    ? holder.items.find(({ key }) => isScalar(key) && key.value === last)?.key
    : document.getIn(path, true);
  if (typeof at !== 'object' || at === null || !('commentBefore' in at || isCollection(at) || isScalar(at)))
    return;
  (at as Node).commentBefore = lines.map((line) => ` ${line}`).join('\n');
}
