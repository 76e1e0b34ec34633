import type { MetricAssessment } from '../plans/assessment.ts';
import type { Digest, Notification } from '../plans/journal.ts';
import { partName } from '../plans/slices.ts';
import { clock, duration, moment } from '../plans/words.ts';
import { codeText, htmlText, markdownText, plainText } from './escaping.ts';

export const FORMATS = ['text', 'markdown', 'html', 'status'] as const;
export type Format = (typeof FORMATS)[number];

const ESCAPES: Record<Format, { text: (value: string) => string; command: (value: string) => string }> = {
  text: { text: plainText, command: plainText },
  markdown: { text: markdownText, command: codeText },
  html: { text: htmlText, command: htmlText },
  // A status page takes HTML.
  status: { text: htmlText, command: htmlText },
};

/**
 * What a template sees. Every text is escaped for the target before the template runs, so that no template can
 * forget it; commands are meant for a code span in Markdown.
 */
export interface TemplateData {
  title: string;
  summary: string;
  event: string;
  at: string;
  id: string;
  seq: number;
  channel: string;
  undelivered: string | null;
  rollout: Record<keyof Notification['rollout'], string | number | null>;
  evidence: { verdict: string; reason: string; lnE: string; threshold: string; metrics: string[] } | null;
  actions: { label: string; command: string }[];
  digest: Digest | null;
  /** Of what follows an incident; times as text. */
  standing: { state: string; since: string; lines: string[]; next: string | null } | null;
  /** Of an `incident-review`: its lines; in Markdown as they are, since they are Markdown already. */
  review: string[] | null;
  upcoming: { stage: string; audience: string; at: string | null; was: string | null; bake: string } | null;
}

export function templateData(notification: Notification, format: Format): TemplateData {
  const { text, command } = ESCAPES[format];
  const orNull = (value: string | null | undefined) =>
    value === null || value === undefined ? null : text(value);
  const { rollout, evidence } = notification;
  return {
    title: text(notification.title),
    summary: text(notification.summary),
    event: notification.event,
    at: text(new Date(notification.at).toISOString()),
    id: text(notification.rolloutId),
    seq: notification.seq,
    channel: text(notification.channel),
    undelivered: orNull(notification.undelivered),
    rollout: {
      name: text(rollout.name),
      title: orNull(rollout.title),
      environment: text(rollout.environment),
      flag: text(rollout.flag),
      owner: orNull(rollout.owner),
      ticket: orNull(rollout.ticket),
      stage: orNull(rollout.stage),
      percent: rollout.percent,
    },
    evidence:
      evidence === null
        ? null
        : {
            verdict: evidence.verdict,
            reason: text(evidence.reason),
            lnE: text(evidence.lnE.toFixed(2)),
            threshold: text(evidence.threshold.toFixed(2)),
            metrics: evidence.metrics.map((metric) => text(metricLine(metric))),
          },
    digest:
      notification.digest === undefined
        ? null
        : {
            sections: notification.digest.sections.map(({ title, lines }) => ({
              title: text(title),
              lines: lines.map(text),
            })),
          },
    standing:
      notification.standing === undefined
        ? null
        : {
            state: notification.standing.state,
            since: text(`${clock(notification.standing.since)} UTC`),
            lines: notification.standing.lines.map(text),
            next:
              notification.standing.next === null ? null : text(`${clock(notification.standing.next)} UTC`),
          },
    review: notification.review?.map(format === 'markdown' ? oneLine : text) ?? null,
    upcoming:
      notification.upcoming === undefined
        ? null
        : {
            stage: text(notification.upcoming.stage),
            audience: text(notification.upcoming.audience),
            at: notification.upcoming.at === null ? null : text(moment(notification.upcoming.at)),
            was: notification.upcoming.was === null ? null : text(moment(notification.upcoming.was)),
            bake: text(duration(notification.upcoming.bake)),
          },
    actions: notification.actions.map((action) => ({
      label: text(action.label),
      command: command(action.command),
    })),
  };
}

/** The lines of a review are escaped where it is made; here they only must not break. */
function oneLine(line: string): string {
  return line.replace(/[\r\n]+/g, ' ');
}

/** For example `errors: hard, +0.82 pp (0.55 to 1.10), 650 canary and 12300 baseline requests`. */
function metricLine(metric: MetricAssessment): string {
  const points = (rate: number) => (rate * 100).toFixed(2);
  const sign = metric.estimate > 0 ? '+' : '';
  const range =
    metric.interval === null ? '' : ` (${points(metric.interval[0])} to ${points(metric.interval[1])})`;
  const requests = `${metric.canaryRequests} canary and ${metric.baselineRequests} baseline requests`;
  return `${partName(metric)}: ${metric.verdict}, ${sign}${points(metric.estimate)} pp${range}, ${requests}`;
}
