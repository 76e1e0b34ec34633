import type { NoiseCurve } from '../../analysis/noise-curve.ts';
import type { PreflightReport } from '../../app/preflight.ts';
import type { PreflightFinding } from '../../plans/preflight.ts';
import { padEnd, type Tone, widthOf, wrap } from './ink.ts';
import { noiseChart } from './noise-chart.ts';
import { amount, stageLines } from './preflight-stage.ts';
import type { Page } from './status.ts';
import { audience, duration, rate } from './words.ts';

/** The whole report: traffic, noise, stage by stage what it can show, and what was found. */
export function preflightLines(report: PreflightReport, page: Page): string[] {
  const { ink } = page;
  return [
    ink('strong', `Preflight of ${report.plan}`),
    '',
    ...trafficLines(report, page),
    '',
    ...noiseLines(report.noise, page),
    ink('strong', 'Stages'),
    ink('dim', '  times: half of the rollouts find it by then (in brackets: most of them)'),
    ...report.stages.flatMap((stage) => stageLines(stage, page)),
    '',
    ...alertLines(report, page),
    ink('strong', 'Findings'),
    ...(report.findings.length === 0 ? ['  none'] : sorted(report.findings).flatMap(findingLines(page))),
    '',
    verdict(report, page),
  ];
}

function trafficLines({ traffic, history, split }: PreflightReport, page: Page): string[] {
  const names = Object.keys(traffic);
  const size = Math.max(0, ...names.map(widthOf));
  const lines = Object.entries(traffic).map(([name, { perHour, quietest, hours }]) => {
    const least =
      quietest === null
        ? ''
        : `, in the quietest hour ${amount(quietest.perHour)} (${String(quietest.hour).padStart(2, '0')}:00 UTC)`;
    const over = hours === 0 ? '' : `, over ${hours} h`;
    return `  ${padEnd(name, size)}  ${amount(perHour)} an hour${least}${over}`;
  });
  const polls = `  history: ${history.polls} usable polls, ${duration(history.seconds)}`;
  const total = split === null ? 0 : split.served.baseline + split.served.canary;
  const share =
    split === null || total === 0
      ? []
      : [
          `  now: ${rate(split.served.canary / total)} of the requests are the canary's, the flag says ${split.exposure === null ? 'nothing (not read)' : audience(split.exposure)}`,
        ];
  return [page.ink('strong', 'Traffic, both cohorts'), ...lines, polls, ...share];
}

function noiseLines(curves: readonly NoiseCurve[], { ink }: Page): string[] {
  return curves.flatMap((curve) => [
    `${ink('strong', `Noise of ${curve.metric}`)} ${ink('dim', 'between equal halves of the baseline: ● measured, ─ assumed by the plan')}`,
    ...noiseChart(curve, ink),
    '',
  ]);
}

function alertLines({ alerts, fireTest }: PreflightReport, { ink }: Page): string[] {
  const about =
    alerts === null || alerts.about.length === 0 ? [] : [`  about the service: ${alerts.about.join(', ')}`];
  const fired = (fireTest ?? []).flatMap((test) =>
    test.kind === 'seen'
      ? [
          `  ${ink('good', '✓')} the test alert was seen at ${test.url} after ${test.seconds.toFixed(1)} s, for ${test.receivers.join(', ') || 'no receiver'}`,
        ]
      : [],
  );
  const lines = [...about, ...fired];
  return lines.length === 0 ? [] : [ink('strong', 'Alerts'), ...lines, ''];
}

const MARKS = { error: ['bad', '✗'], warning: ['warn', '!'], note: ['dim', '·'] } as const satisfies Record<
  PreflightFinding['severity'],
  readonly [Tone, string]
>;
const ORDER = ['error', 'warning', 'note'] as const;

function sorted(findings: readonly PreflightFinding[]): PreflightFinding[] {
  return ORDER.flatMap((wanted) => findings.filter(({ severity }) => severity === wanted));
}

const INDENT = 4;

function findingLines(page: Page): (finding: PreflightFinding) => string[] {
  return ({ severity, where, message, instead }) => {
    const [tone, mark] = MARKS[severity];
    const lines = wrap(`${where}: ${message}`, Math.max(30, page.width - INDENT));
    return [
      ...lines.map((line, i) => `  ${i === 0 ? page.ink(tone, mark) : ' '} ${line}`),
      ...(instead === '' ? [] : [`      ${page.ink('dim', `instead: ${instead}`)}`]),
    ];
  };
}

function verdict({ findings }: PreflightReport, { ink }: Page): string {
  const count = (wanted: PreflightFinding['severity']) =>
    findings.filter(({ severity }) => severity === wanted).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors > 0) return ink('bad', `${errors} to mend: the rollout would not start`);
  if (warnings > 0) return ink('warn', `it can start; ${warnings} to think about`);
  return ink('good', 'it can start');
}
