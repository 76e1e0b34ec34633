import type { Explanation } from '../../plans/explanation.ts';
import type { Forecast } from '../../plans/forecast.ts';
import { stepLine } from '../../plans/step-words.ts';
import type { ExposureLease } from '../../server/api.ts';
import { drillLine } from './drill-line.ts';
import { comparison, howSure } from './evidence.ts';
import {
  checkLines,
  descentText,
  excludedLines,
  forecastText,
  pauseText,
  presentLive,
  standing,
  stopCause,
  type Watched,
  waitsFor,
} from './facts.ts';
import { clip, type Ink, padEnd, wrap } from './ink.ts';
import { timeline } from './timeline.ts';
import { places } from './why.ts';
import { audience, clock, relative } from './words.ts';

export interface Page {
  width: number;
  /** Milliseconds since 1970. */
  now: number;
  ink: Ink;
}

/** A message about the rollout that is waiting or was sent, as the API gives it. */
interface Message {
  event: string;
  channel: string;
  state: 'waiting' | 'sent';
  attempts: number;
  error: string | null;
}

const LABEL = 10;

/** A label and its text, wrapped under itself. */
export function field(label: string, text: string, page: Page): string[] {
  return wrap(text, Math.max(20, page.width - LABEL - 2)).map(
    (line, i) => `  ${page.ink('dim', padEnd(i === 0 ? label : '', LABEL))}${line}`,
  );
}

/** All that is known about one rollout now, for `tidegate status`. */
export function renderStatus(
  watched: Watched & { notifications: Message[]; forecast?: Forecast | null; lease?: ExposureLease | null },
  page: Page,
): string[] {
  const { view } = watched;
  const { ink, now, width } = page;
  const title = view.title === null ? '' : `  ${view.title}`;
  const pause = pauseText(view, now);
  const stop = stopCause(view);
  const waits = waitsFor(watched, now);
  const checks = checkLines(view);
  const down = descentText(view, now);
  return [
    `${ink('strong', view.id)}${title}`,
    ...field(
      'flag',
      `${view.flag} in ${view.environment}, revision ${view.flagRevision ?? 'none yet'}` +
        `${view.service === null ? '' : `, service ${view.service}`}${view.owner === null ? '' : `, owner ${view.owner}`}${view.build === undefined ? '' : `, build ${view.build}`}`,
      page,
    ),
    ...field(
      'handed in',
      `${clock(view.submittedAt)} UTC by ${view.submittedBy}, ${relative(view.submittedAt, now)}`,
      page,
    ),
    '',
    ...timeline(view, width - 2, ink).map((line) => `  ${line}`),
    '',
    `  ${ink('dim', padEnd('state', LABEL))}${standing(view, now, ink)}`,
    ...field('exposure', audience(view.exposure), page),
    ...(watched.lease == null ? [] : field('lease', leaseText(watched.lease, now), page)),
    ...(down === null ? [] : field('goes back', down, page)),
    ...excludedLines(view).flatMap((text, i) => field(i === 0 ? 'excluded' : '', text, page)),
    ...(stop === null ? [] : field('stop', `${stop} (${relative(view.stop?.at ?? now, now)})`, page)),
    ...(pause === null ? [] : field('pause', pause, page)),
    ...(view.drill === undefined ? [] : field('drill', drillLine(view.drill), page)),
    ...why(view.explanation, page),
    ...waits.flatMap((text, i) => field(i === 0 ? 'waits for' : '', text, page)),
    ...checks.flatMap((text, i) => field(i === 0 ? 'checks' : '', text, page)),
    ...ahead(watched.forecast, page),
    ...(view.steps ?? []).flatMap((step, i) => field(i === 0 ? 'steps' : '', stepLine(step, now), page)),
    ...(view.next === '' ? [] : field('next', view.next, page)),
    ...gate(watched, page),
    ...messages(watched.notifications, page),
  ].map((line) => clip(line, width));
}

function leaseText({ until, fallback }: ExposureLease, now: number): string {
  return until > now
    ? `ends ${relative(until, now)} unless it is renewed; then ${audience(fallback)}`
    : `ended ${relative(until, now)}: ${audience(fallback)}`;
}

/** When it is where it goes, and what lies between. */
function ahead(forecast: Forecast | null | undefined, page: Page): string[] {
  if (forecast == null) return [];
  const { waitsFor } = forecast;
  const between = waitsFor.length === 0 ? '' : `; on the way: ${waitsFor.join('; ')}`;
  return field('forecast', `${forecastText(forecast)}${between}`, page);
}

function why(explanation: Explanation | undefined, page: Page): string[] {
  if (explanation === undefined) return [];
  return [
    ...field('why', explanation.sentence, page),
    ...places(explanation, page.ink).map((line) => `  ${padEnd('', LABEL)}${line}`),
  ];
}

function gate(watched: Watched, page: Page): string[] {
  const live = presentLive(watched);
  if (live?.assessment == null) return [];
  const { assessment } = live;
  const { ink, now, width } = page;
  const table = comparison(assessment, { kinds: live.kinds, width: width - 2, ink });
  const { used, ignored, rejected } = assessment.polls;
  return [
    '',
    ...table.map((line) => `  ${line}`),
    '',
    `  ${ink('dim', padEnd('how sure', LABEL))}${howSure(assessment, 20, ink)}`,
    ...field('the gate', `${assessment.reason} (${relative(live.at, now)})`, page),
    ...field('polls', `${used} used, ${ignored} without traffic, ${rejected} rejected`, page),
    ...assessment.warnings.flatMap((text, i) => field(i === 0 ? 'mind' : '', text, page)),
  ];
}

/** Only what has not arrived: a message that was sent is no news. */
function messages(all: Message[], page: Page): string[] {
  const waiting = all.filter((message) => message.state === 'waiting');
  if (waiting.length === 0) return [];
  return [
    '',
    ...waiting.flatMap((message, i) =>
      field(
        i === 0 ? 'messages' : '',
        `${message.event} to ${message.channel} waits, tried ${message.attempts} times` +
          (message.error === null ? '' : `: ${message.error}`),
        page,
      ),
    ),
  ];
}
