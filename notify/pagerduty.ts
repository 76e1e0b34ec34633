import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import { type Channel, Throttled } from './channel.ts';
import type { PagerDutyConfig } from './config.ts';
import { plainText } from './escaping.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';

interface PagerDutyParts {
  name: string;
  config: PagerDutyConfig;
  renderer: Renderer;
}

const DEFAULT_URL = 'https://events.pagerduty.com';
const LONGEST_SUMMARY = 1024;
const LONGEST_KEY = 255;
const LONGEST_DETAIL = 4000;

type Step = NonNullable<PagerDutyConfig['steps']['note']>;

/**
 * What each event does to the incident of its rollout. A rollback triggers: nobody may have heard of what came
 * before it, and to resolve an incident that is not there tells nobody.
 */
const STEPS: Record<Notification['event'], Step> = {
  submitted: 'info',
  'approval-needed': 'info',
  approved: 'resolve',
  'glass-broken': 'warning',
  confirmed: 'resolve',
  rejected: 'acknowledge',
  started: 'info',
  advanced: 'info',
  'gate-passed': 'info',
  paused: 'warning',
  'no-data': 'warning',
  resumed: 'resolve',
  'checks-passed': 'resolve',
  'check-failed': 'warning',
  'before-waived': 'warning',
  'soft-stop': 'warning',
  'hard-stop': 'critical',
  explained: 'error',
  accepted: 'resolve',
  'stepped-back': 'warning',
  excluded: 'warning',
  included: 'info',
  amended: 'acknowledge',
  'rollback-requested': 'error',
  killed: 'critical',
  'rolled-back': 'error',
  abandoned: 'resolve',
  superseded: 'resolve',
  retried: 'info',
  'rollback-verified': 'resolve',
  'rollback-unverified': 'critical',
  'incident-closed': 'resolve',
  drill: 'info',
  drift: 'warning',
  'drift-accepted': 'resolve',
  alert: 'error',
  reminder: 'warning',
  escalated: 'error',
  'deadline-near': 'warning',
  'write-failed': 'critical',
  decommissioning: 'info',
  'decommission-ready': 'info',
  'clean-restarted': 'info',
  'point-of-no-return': 'resolve',
  'step-due': 'info',
  'step-done': 'info',
  'steps-done': 'resolve',
  completed: 'resolve',
  'would-advance': 'info',
  'would-pause': 'info',
  'would-exclude': 'info',
  'would-stop': 'warning',
  note: 'info',
  incident: 'critical',
  // What is told of an incident is no new one, also where somebody has resolved it meanwhile.
  'incident-update': 'change',
  'incident-summary': 'change',
  'incident-review': 'change',
  upcoming: 'change',
  'daily-digest': 'info',
  'weekly-digest': 'info',
};

const Refusal = z.object({ message: z.string().default(''), errors: z.array(z.string()).default([]) });

/**
 * PagerDuty's Events API v2, and its change events for what is no incident. The incident of a rollout has one `dedup_key`, so that a repetition changes nothing. A report
 * about a dead channel is an incident of its own. @throws Failure CHANNEL_FAILED for all but 202
 */
export function createPagerDuty({ name, config, renderer }: PagerDutyParts): Channel {
  const url = `${(config.url ?? DEFAULT_URL).replace(/\/+$/, '')}/v2`;

  const own: Partial<Record<Notification['event'], Step>> = config.steps;

  /** A change event stands beside the incidents of the service and pages nobody. */
  function changeOf(notification: Notification) {
    const { rollout } = notification;
    return {
      payload: {
        summary: summaryOf(notification).slice(0, LONGEST_SUMMARY),
        source: plainText(`${rollout.environment}/${rollout.flag}`),
        timestamp: new Date(notification.at).toISOString(),
        custom_details: detailsOf(notification),
      },
    };
  }

  const detailsOf = (notification: Notification) => ({
    message: messageId(notification),
    text: renderer.render(notification, 'text').slice(0, LONGEST_DETAIL),
  });

  function stepOf({ event, undelivered, alert = 'firing' }: Notification): Step {
    if (undelivered !== undefined) return 'warning';
    const step = own[event] ?? STEPS[event];
    // What is no trouble opens no incident, and resolves none: that of a rollout may be about more.
    return event === 'alert' && alert !== 'firing' && step !== 'none' ? 'change' : step;
  }

  function eventOf(notification: Notification, step: Exclude<Step, 'change' | 'none'>) {
    const { rolloutId, rollout, event, undelivered } = notification;
    const about = undelivered === undefined ? `tidegate/${rolloutId}` : `tidegate/channel/${undelivered}`;
    const dedup_key = about.slice(0, LONGEST_KEY);
    if (step === 'acknowledge' || step === 'resolve') return { event_action: step, dedup_key };
    return {
      event_action: 'trigger',
      dedup_key,
      client: 'Tidegate',
      payload: {
        summary: summaryOf(notification).slice(0, LONGEST_SUMMARY),
        source: plainText(`${rollout.environment}/${rollout.flag}`),
        severity: step,
        timestamp: new Date(notification.at).toISOString(),
        component: plainText(rollout.flag),
        group: plainText(rollout.environment),
        class: event,
        custom_details: detailsOf(notification),
      },
    };
  }

  async function enqueue(event: object, path = '/enqueue'): Promise<void> {
    const where = `${url}${path}`;
    const response = await fetch(where, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'tidegate' },
      body: JSON.stringify({ routing_key: config.routingKey, ...event }),
      redirect: 'manual',
      signal: AbortSignal.timeout(config.timeout * 1000),
    }).catch((cause: unknown) => {
      const late = cause instanceof Error && cause.name === 'TimeoutError';
      const said = late ? `no answer within ${config.timeout} s` : 'PagerDuty cannot be reached';
      throw new Failure('CHANNEL_FAILED', `Channel ${name}: ${said}`, { where, cause });
    });
    if (response.status === 202) {
      await response.body?.cancel();
      return;
    }
    const message = `Channel ${name}: PagerDuty answers ${response.status}`;
    if (response.status === 429) {
      const seconds = Number(response.headers.get('retry-after') ?? 0);
      await response.body?.cancel();
      throw new Throttled(message, {
        where,
        retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0,
      });
    }
    const refusal = Refusal.safeParse(await response.json().catch(() => null));
    const said = refusal.success ? [refusal.data.message, ...refusal.data.errors] : [];
    const details = said.map((text) => plainText(text).slice(0, 300)).filter((text) => text !== '');
    throw new Failure('CHANNEL_FAILED', `${message}${details.length > 0 ? `: ${details.join(', ')}` : ''}`, {
      where,
      details,
    });
  }

  return {
    name,
    kind: 'pagerduty',
    timeoutMs: config.timeout * 1000,
    async send(notification) {
      const step = stepOf(notification);
      if (step === 'none') return;
      if (step === 'change') return enqueue(changeOf(notification), '/change/enqueue');
      await enqueue(eventOf(notification, step));
    },

    preview(notification) {
      const step = stepOf(notification);
      if (step === 'none')
        return { text: `Nothing: ${notification.event} is not told.\n`, html: null, payload: null };
      if (step === 'change') {
        const { payload } = changeOf(notification);
        const text = `change\n${payload.summary}\n\n${payload.custom_details.text}`;
        return { text, html: null, payload: { payload } };
      }
      const event = eventOf(notification, step);
      const payload = 'payload' in event ? event.payload : undefined;
      const text =
        payload === undefined
          ? `${event.event_action} ${event.dedup_key}\n`
          : `${event.event_action} ${event.dedup_key} (${payload.severity})\n${payload.summary}\n\n${payload.custom_details.text}`;
      return { text, html: null, payload: event };
    },

    async check() {
      renderer.check();
      // The API has no other way to try a key: what resolves an incident that never was tells nobody.
      await enqueue({ event_action: 'resolve', dedup_key: 'tidegate/doctor' });
    },
  };
}

function summaryOf({ title, summary, undelivered }: Notification): string {
  const text = plainText(`${title}: ${summary}`);
  return undelivered === undefined
    ? text
    : plainText(`${undelivered} takes no messages, for example: ${text}`);
}
