import { planDuration } from '../../analysis/bake-time.ts';
import type { MetricOutlook } from '../../analysis/metric-outlook.ts';
import type { Detection, Improvement, Outlook } from '../../analysis/outlook.ts';
import type { SliceOutlook } from '../../analysis/slice-outlook.ts';
import { sizeText, timeText } from '../../analysis/stage-findings.ts';
import type { StageOutlook } from '../../analysis/stage-outlook.ts';
import { padEnd, widthOf, wrap } from './ink.ts';
import type { Page } from './status.ts';
import { percent } from './words.ts';

const INDENT = 4;
const NARROWEST = 30;

/** What one stage can show: its traffic, its metrics, and the slices beside them. */
export function stageLines(stage: StageOutlook, page: Page): string[] {
  const { ink } = page;
  const head = [
    stage.percent === null ? 'segments' : percent(stage.percent),
    `bakes ${planDuration(stage.bake)}, asks after ${planDuration(stage.max)}`,
    ...trafficTexts(stage),
    ...(stage.users === null ? [] : [`${amount(stage.users)} users`]),
    ...minimum(stage.minRequests),
  ].join(' · ');
  const indent = ' '.repeat(INDENT);
  const lines = wrap(head, page.width - INDENT);
  const size = Math.max(0, ...stage.metrics.map(({ metric }) => widthOf(metric)));
  const body = stage.compared
    ? stage.metrics.flatMap((metric) => metricLines(metric, { left: INDENT, size, page }))
    : [`${indent}${ink('dim', 'not compared: only limits and minimums hold here')}`];
  const proposal =
    stage.proposedBake === null
      ? []
      : [`${indent}${ink('warn', `too short: bake for ${planDuration(stage.proposedBake)}`)}`];
  return [
    `  ${ink('strong', stage.stage)}`,
    ...lines.map((line) => `${indent}${ink('dim', line)}`),
    ...body,
    ...proposal,
    ...stage.slices.flatMap((slice) => sliceLines(slice, page)),
  ];
}

function trafficTexts({
  perHour,
  quietestPerHour,
}: Pick<StageOutlook, 'perHour' | 'quietestPerHour'>): string[] {
  return [
    ...(perHour === null ? [] : [`${amount(perHour)} canary requests/h`]),
    ...(quietestPerHour === null ? [] : [`quietest ${amount(quietestPerHour)}`]),
  ];
}

function minimum(least: StageOutlook['minRequests']): string[] {
  if (least === null || least.seconds === null) return [];
  return [`its minimum of ${amount(least.need)} requests after ${timeText(least.seconds)}`];
}

function sliceLines(slice: SliceOutlook, page: Page): string[] {
  const { minUsers } = slice;
  const users =
    minUsers === null
      ? []
      : [
          `its minimum of ${amount(minUsers.need)} users${minUsers.expected === null ? '' : `: ${amount(minUsers.expected)} of those counted now`}`,
        ];
  const traffic = slice.perHour === null ? ['its traffic is not known'] : trafficTexts(slice);
  const texts = [...traffic, ...minimum(slice.minRequests), ...users].join(' · ');
  const left = INDENT + 2;
  const size = Math.max(0, ...slice.metrics.map(({ metric }) => widthOf(metric)));
  return [
    `${' '.repeat(INDENT)}${page.ink('strong', slice.slice)}`,
    ...wrap(texts, Math.max(NARROWEST, page.width - left)).map(
      (line) => `${' '.repeat(left)}${page.ink('dim', line)}`,
    ),
    ...slice.metrics.flatMap((metric) => metricLines(metric, { left, size, page })),
  ];
}

function metricLines(metric: MetricOutlook, at: { left: number; size: number; page: Page }): string[] {
  const texts = metric.kind === 'planned' ? plannedTexts(metric.mean) : [`not planned: ${metric.why}`];
  const width = at.page.width - at.left - at.size - 2;
  return texts
    .flatMap((text) => wrap(text, Math.max(NARROWEST, width)))
    .map((line, i) => `${' '.repeat(at.left)}${padEnd(i === 0 ? metric.metric : '', at.size)}  ${line}`);
}

function plannedTexts(outlook: Outlook): string[] {
  const { improvement, unit } = outlook;
  const better = improvement === null ? [] : [improvedText(improvement, unit)];
  return outlook.proof === null ? better : [...foundTexts(outlook, outlook.proof), ...better];
}

function foundTexts({ detections, smallest, unit }: Outlook, proof: NonNullable<Outlook['proof']>): string[] {
  const seen = detections.filter(({ kind }) => kind !== 'tolerated').map((one) => detected(one, unit));
  const least =
    smallest === null
      ? 'nothing is found within the bake'
      : `within the bake at least ${sizeText(smallest, unit)}`;
  const safe =
    proof.seconds === null
      ? `never proven safe to ${sizeText(proof.margin, unit)}`
      : `proven safe to ${sizeText(proof.margin, unit)} after ${timeText(proof.seconds)}${proof.asked ? ', asked for' : ''}`;
  return [seen.length === 0 ? 'finds nothing' : `finds ${seen.join(', ')}`, `${least}; ${safe}`];
}

function improvedText(
  { margin, better, seconds, likely, smallest }: Improvement,
  unit: Outlook['unit'],
): string {
  const most = likely === null ? '' : ` (${timeText(likely)})`;
  const when = seconds === null ? 'never' : `after ${timeText(seconds)}${most}`;
  const least =
    smallest === null
      ? 'nothing before a person is asked'
      : `before a person is asked at least ${sizeText(smallest, unit)}`;
  return `must be better by ${sizeText(margin, unit)}: one better by ${sizeText(better, unit)} shows it ${when}; ${least}`;
}

function detected(one: Detection, unit: Outlook['unit']): string {
  const name = one.times === 1 ? one.of : `2x ${one.of}`;
  const what = `${sizeText(one.difference, unit)} (${name})`;
  if (one.kind !== 'found') return `${what} never`;
  const likely = one.likely === null ? '' : ` (${timeText(one.likely)})`;
  return `${what} after ${timeText(one.seconds)}${likely}`;
}

/** A number of requests or users, about: `12,300`, `3.4`. */
export function amount(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(2)));
}
