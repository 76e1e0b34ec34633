import { documentText } from '../../plans/comparison-cells.ts';
import { drillBehind } from '../../plans/drill.ts';
import { incidentOf } from '../../plans/incident.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import type { Report } from '../../plans/report.ts';
import type { RolloutView } from '../../plans/view.ts';
import { clock, duration } from '../../plans/words.ts';
import { adviceLines, detectionLines, impactLines } from './sentences.ts';

/** What people were told, and when it reached a channel. `sentAt` null: it waits. Milliseconds since 1970. */
export interface ToldMessage {
  event: string;
  channel: string;
  at: number;
  sentAt: number | null;
}

interface Reviewed {
  report: Report;
  view: RolloutView;
  journal: readonly JournalEntry[];
  messages: readonly ToldMessage[];
  now: number;
}

/** The journal from the line that opened the incident on; null: there was none. */
export function incidentLines(
  journal: readonly JournalEntry[],
  view: RolloutView,
): [JournalEntry, ...JournalEntry[]] | null {
  const first = journal.findIndex((entry) => incidentOf(entry, view) !== null);
  const [opened, ...later] = first < 0 ? [] : journal.slice(first);
  return opened === undefined ? null : [opened, ...later];
}

/** What a summary says beside how the incident stands. */
export function incidentSummary({ report }: Pick<Reviewed, 'report'>): string[] {
  const { detection } = report;
  return [
    ...(detection === null ? [] : detectionLines(detection).map((line) => `Times: ${line}`)),
    ...impactLines(report).map((line) => `Users: ${line}`),
  ];
}

/**
 * The draft of a review, as lines of Markdown: what the journal and the metrics know is filled in, what people must find out stands
 * as a question without an owner and a day. Nothing that people wrote is markup in it. Null: there was no incident.
 */
export function incidentReview(reviewed: Reviewed): string[] | null {
  const { report, view, journal, messages, now } = reviewed;
  const lines = incidentLines(journal, view);
  if (lines === null) return null;
  const [opened] = lines;
  const closed = lines.findLast(({ transition }) => transition === 'incident-closed');
  const state =
    closed === undefined
      ? `open as of ${clock(now)} UTC, for ${duration((now - opened.at) / 1000)}`
      : `closed ${clock(closed.at)} UTC after ${duration((closed.at - opened.at) / 1000)}`;
  const { detection, explanation, stop } = report;
  return [
    `# Review of an incident: ${documentText(report.title)}, ${documentText(report.id)}`,
    '',
    'A draft, made from the journal and the metrics. Fill in what stands empty.',
    '',
    ...bullets([
      `state: ${state}`,
      `flag ${report.flag} in ${report.environment}, stage ${opened.stage ?? '-'}`,
      `owner: ${report.owner ?? '(nobody is named)'}; ticket: ${report.ticket ?? '(none)'}`,
      'author of this review: ',
    ]),
    ...section('What happened', [documentText(report.summary)]),
    ...section('Timeline', timeline(reviewed, lines)),
    ...section('Impact', bullets(impactLines(report))),
    ...section(
      'Evidence',
      bullets([
        ...(stop === null ? [] : [`It was stopped: ${stop.reason}.`]),
        explanation === null ? 'Where it moved is not known.' : `Where it moved: ${explanation.sentence}`,
        `All gates with their numbers: tidegate report ${report.id} --markdown`,
      ]),
    ),
    ...section('Detection and response', bullets(responseLines(reviewed, lines))),
    ...section('What worked', bullets(workedLines(reviewed, lines))),
    ...section('Open questions', questionTable(questions(reviewed, lines))),
    ...section('Proposed changes of the plan', bullets(adviceLines(report))),
    ...(detection === null && messages.length === 0 ? [] : section('Who was told', toldTable(messages))),
  ];
}

const REPEATED: readonly JournalEntry['transition'][] = ['reminder', 'note', 'gate-passed'];
/** The lines before the incident that a reader wants to see. */
const BEFORE = 5;

function timeline({ journal }: Reviewed, lines: readonly JournalEntry[]): string[] {
  const first = lines[0]?.seq ?? 0;
  const before = journal.filter(({ seq, transition }) => seq < first && !REPEATED.includes(transition));
  const rows = [...before.slice(-BEFORE), ...lines];
  return [
    '| at (UTC) | what | said |',
    '| --- | --- | --- |',
    ...rows.map(({ at, transition, summary }) => row([clock(at), transition, summary])),
  ];
}

function responseLines(
  { report, messages }: Reviewed,
  [opened, ...later]: [JournalEntry, ...JournalEntry[]],
): string[] {
  const { detection } = report;
  const after = (at: number) => duration((at - opened.at) / 1000);
  const sent = messages.flatMap((one) => (one.at >= opened.at && one.sentAt !== null ? [one.sentAt] : []));
  const verified = later.find(({ transition }) => transition === 'rollback-verified');
  const acted = later.find(({ cause }) => cause.kind === 'person');
  return [
    ...(detection === null ? [] : detectionLines(detection)),
    sent.length === 0
      ? 'Nobody was told by a channel.'
      : `The first message reached a channel ${precise(Math.min(...sent) - opened.at)} after the stop.`,
    acted === undefined
      ? 'No person has done anything after the stop.'
      : `A person acted ${after(acted.at)} after the stop: ${acted.summary}`,
    verified === undefined
      ? 'That the traffic is back was never seen.'
      : `That the traffic is back was seen ${after(verified.at)} after the stop.`,
  ];
}

function workedLines(
  { report, messages }: Reviewed,
  [opened, ...later]: [JournalEntry, ...JournalEntry[]],
): string[] {
  const has = (transition: JournalEntry['transition']) => later.some((one) => one.transition === transition);
  const lines = [
    opened.cause.kind === 'person' ? null : 'It was stopped by itself: nobody had to be there.',
    report.detection?.back == null || has('write-failed') ? null : 'The flag went back at the first try.',
    has('rollback-verified') ? 'The metrics have shown that the rollback worked.' : null,
    report.explanation === null ? null : 'Where the metric moved was found without anybody looking.',
    messages.length > 0 && messages.every(({ sentAt }) => sentAt !== null)
      ? 'Every message has reached its channel.'
      : null,
  ].filter((line) => line !== null);
  return lines.length === 0 ? ['(to be filled in)'] : lines;
}

function questions(
  { report, view, messages }: Reviewed,
  [opened, ...later]: [JournalEntry, ...JournalEntry[]],
): string[] {
  const has = (transition: JournalEntry['transition']) => later.some((one) => one.transition === transition);
  const drilled = drillBehind(view) !== null;
  const waits = [...new Set(messages.flatMap(({ channel, sentAt }) => (sentAt === null ? [channel] : [])))];
  return [
    ...(drilled
      ? ['Who was to hear of it, and have they?']
      : ['What in the change has caused it?', 'Why did no test and no earlier stage find it?']),
    report.detection?.onset == null ? 'When did it begin?' : 'Could it have been seen sooner?',
    ...(opened.cause.kind === 'person' ? ['Why did a person have to stop it, and not the gate?'] : []),
    ...(has('write-failed') ? ['Why could the flag not be written at once?'] : []),
    ...(has('rollback-unverified') || !has('rollback-verified')
      ? ['Where was the traffic after the rollback?']
      : []),
    ...(report.explanation === null ? ['Which part of the traffic was hit?'] : []),
    ...(waits.length > 0 ? [`Why do messages to ${waits.join(', ')} not get through?`] : []),
    'Do data of the users that were hit need mending?',
    'What must hold before it is tried again?',
  ];
}

function questionTable(all: readonly string[]): string[] {
  return [
    '| question | owner | due | answer |',
    '| --- | --- | --- | --- |',
    ...all.map((question) => row([question, '', '', ''])),
  ];
}

function toldTable(messages: readonly ToldMessage[]): string[] {
  if (messages.length === 0) return ['Nobody: the plan tells no channel.'];
  return [
    '| written (UTC) | event | channel | sent |',
    '| --- | --- | --- | --- |',
    ...messages.map(({ at, event, channel, sentAt }) =>
      row([clock(at), event, channel, sentAt === null ? 'waits' : `${precise(sentAt - at)} later`]),
    ),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', `## ${title}`, '', ...lines];
}

function bullets(lines: readonly string[]): string[] {
  return lines.map((text) => `- ${documentText(text)}`);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(documentText).join(' | ')} |`;
}

/** What takes less than a second is told in milliseconds. */
function precise(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  return whole < 1000 ? `${whole} ms` : duration(whole / 1000);
}
