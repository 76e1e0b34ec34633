import type { Comparison } from '../../plans/comparison.ts';
import { cellsOf, groupsOf, notesOf } from '../../plans/comparison-cells.ts';
import type { Report } from '../../plans/report.ts';
import { audience, clock, duration } from '../../plans/words.ts';
import { factLines } from '../../rollout/reporting/markdown.ts';
import {
  adviceLines,
  amendmentText,
  decisionText,
  detectionLines,
  impactLines,
  observedLines,
  stageLines,
} from '../../rollout/reporting/sentences.ts';
import { drawCharts, frameOf } from './charts.ts';
import { renderPage } from './page.ts';

/** A report as one self-contained page. The template escapes every text; charts escape their own. */
export function reportHtml(report: Report): string {
  const { stop, explanation, detection } = report;
  return renderPage('report.html.njk', {
    report,
    facts: factLines(report),
    tone: toneOf(report),
    stages: stageLines(report),
    charts: drawCharts(report, frameOf(report)),
    stop: stop === null ? null : { reason: stop.reason, after: audience(stop.exposure) },
    explanation: explanation?.sentence ?? null,
    detection: detection === null ? [] : detectionLines(detection),
    observed: report.observed === null ? null : observedLines(report.observed),
    impact: impactLines(report),
    advice: adviceLines(report),
    decisions: report.decisions.map((one) => ({ at: clock(one.at), text: decisionText(one) })),
    happenings: report.happenings.map(({ at, transition, summary }) => ({
      at: clock(at),
      transition: transition.replaceAll('-', ' '),
      summary,
    })),
    amendments: report.amendments.map((one) => ({ text: amendmentText(one), changes: one.changes })),
    gates: report.gates.map((gate) => gateData(gate, report)),
    made: clock(report.madeAt),
  });
}

function toneOf({ phase }: Report): string {
  if (phase === 'completed') return 'good';
  return phase === 'rolled-back' || phase === 'rejected' || phase === 'reverting' ? 'bad' : 'now';
}

function gateData(gate: Comparison, { planRevision }: Report) {
  const { from, to, visit } = gate;
  return {
    stage: gate.stage,
    visit: visit > 1 ? ` (visit ${visit})` : '',
    verdict: gate.verdict === null ? 'no verdict' : gate.verdict.replace('-', ' '),
    tone: gate.verdict ?? 'hold',
    held: from === null || to === null ? '' : `${duration(to - from)} watched`,
    reason: gate.reason,
    groups: groupsOf(gate).map(({ slice, rows }) => ({
      slice,
      rows: rows.map((row) => ({ ...cellsOf(row, gate), tone: row.verdict ?? 'hold' })),
    })),
    notes: [
      ...(gate.planRevision === planRevision ? [] : [`by plan revision ${gate.planRevision}`]),
      ...notesOf(gate),
    ],
  };
}
