import type { Comparison } from '../../plans/comparison.ts';
import { comparisonMarkdown, documentText, notesOf } from '../../plans/comparison-cells.ts';
import type { PlanRevisionNote, Report } from '../../plans/report.ts';
import { audience, clock, duration } from '../../plans/words.ts';
import {
  adviceLines,
  amendmentText,
  decisionText,
  detectionLines,
  impactLines,
  observedLines,
  stageLines,
  standingOf,
} from './sentences.ts';

/** A report as a Markdown document, for a ticket or a chat. Nothing that people wrote is markup in it. */
export function reportMarkdown(report: Report): string {
  const { stop, detection, explanation, observed } = report;
  const lines = [
    `# ${documentText(report.title)}: rollout ${documentText(report.id)}`,
    '',
    `**${documentText(report.summary)}**`,
    '',
    ...factLines(report).map((text) => `- ${documentText(text)}`),
    ...section('Timeline', timelineTable(report)),
    ...(stop === null
      ? explanation === null
        ? []
        : section('Where the metric moved', [documentText(explanation.sentence)])
      : section('Why it stopped', [
          `${documentText(stop.reason)}. Afterwards ${documentText(audience(stop.exposure))} had the canary.`,
          ...(explanation === null ? [] : ['', `Where it moved: ${documentText(explanation.sentence)}.`]),
        ])),
    ...(observed === null ? [] : section('What it would have done', bullets(observedLines(observed)))),
    ...(detection === null ? [] : section('How fast it was found', bullets(detectionLines(detection)))),
    ...section('What users saw', bullets(impactLines(report))),
    ...section('What to adjust in the plan', bullets(adviceLines(report))),
    ...(report.amendments.length === 0
      ? []
      : section('How the plan was amended', report.amendments.flatMap(amendmentLines))),
    ...section('Who decided', decisionBullets(report)),
    ...section('Evidence at each gate', report.gates.length === 0 ? ['No gate has watched.'] : []),
    ...report.gates.flatMap((gate) => gateLines(gate, report)),
    ...section(
      'What happened',
      report.happenings.map(
        ({ at, transition, summary }) => `- ${clock(at)} ${transition}: ${documentText(summary)}`,
      ),
    ),
  ];
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

/** What stands at the head of a report. */
export function factLines(report: Report): string[] {
  const { flag, environment, service, owner, ticket, submittedBy, submittedAt, planRevision } = report;
  const more = [
    service === null ? null : `service ${service}`,
    owner === null ? null : `owner ${owner}`,
    ticket === null ? null : `ticket ${ticket}`,
  ].filter((text) => text !== null);
  return [
    `state: ${standingOf(report)}`,
    `flag ${flag} in ${environment}${more.length === 0 ? '' : `, ${more.join(', ')}`}`,
    `handed in ${clock(submittedAt)} UTC by ${submittedBy}`,
    ...(planRevision > 1
      ? [`plan revision ${planRevision}: each table shows the margins of the plan that was in force`]
      : []),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', `## ${title}`, '', ...lines];
}

function bullets(lines: readonly string[]): string[] {
  return lines.map((text) => `- ${documentText(text)}`);
}

function timelineTable(report: Report): string[] {
  const rows = stageLines(report).map(
    ({ stage, exposure, from, held, passed, ending }) =>
      `| ${[stage, exposure, from, held, passed, ending].map(documentText).join(' | ')} |`,
  );
  if (rows.length === 0) return ['No stage was entered.'];
  return [
    '| stage | exposure | from (UTC) | held | gate passed | then |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ];
}

function decisionBullets({ decisions }: Report): string[] {
  if (decisions.length === 0) return ['No person decided anything.'];
  return decisions.map((one) => `- ${clock(one.at)} ${documentText(decisionText(one))}`);
}

function amendmentLines(amendment: PlanRevisionNote): string[] {
  return [
    `- ${documentText(amendmentText(amendment))}`,
    ...amendment.changes.map((change) => `  - ${documentText(change)}`),
  ];
}

function gateLines(gate: Comparison, { planRevision }: Report): string[] {
  const visit = gate.visit > 1 ? ` (visit ${gate.visit})` : '';
  const held = gate.from === null || gate.to === null ? '' : `, ${duration(gate.to - gate.from)} watched`;
  return [
    '',
    `### Stage ${documentText(gate.stage)}${visit}: ${gate.verdict ?? 'no verdict'}${held}`,
    '',
    documentText(gate.reason),
    '',
    ...comparisonMarkdown(gate),
    '',
    ...(gate.planRevision === planRevision ? [] : [`- by plan revision ${gate.planRevision}`]),
    ...notesOf(gate).map((note) => `- ${documentText(note)}`),
  ];
}
