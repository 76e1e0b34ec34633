import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import type { Notification, Transition } from '../plans/journal.ts';
import type { ChannelMemory } from '../store/store.ts';
import { type Channel } from './channel.ts';
import type { StatuspageConfig } from './config.ts';
import { createJsonApi, Refused } from './json-api.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';

interface StatuspageParts {
  name: string;
  config: StatuspageConfig;
  memory: ChannelMemory;
  renderer: Renderer;
}

const DEFAULT_URL = 'https://api.statuspage.io';
/** As kept once the incident of a rollout was resolved: the next one is a new one. */
const RESOLVED = 'resolved';

type Step = NonNullable<StatuspageConfig['steps'][Transition]>;

/** What users of the page may have noticed; nothing else is told there. */
const STEPS: Partial<Record<Notification['event'], Step>> = {
  'hard-stop': 'investigating',
  incident: 'investigating',
  killed: 'investigating',
  'write-failed': 'identified',
  'rolled-back': 'monitoring',
  'rollback-verified': 'resolved',
  'rollback-unverified': 'identified',
  resumed: 'resolved',
  completed: 'resolved',
  abandoned: 'resolved',
  superseded: 'monitoring',
};

const Mark = z.object({ message: z.string() });
const Incident = z.looseObject({
  id: z.string(),
  metadata: z
    .looseObject({ tidegate: Mark.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
const Components = z.array(z.looseObject({ id: z.string() }));

/**
 * An incident of Atlassian Statuspage for each rollout: opened, updated and resolved (developer.statuspage.io). The page is
 * public: it shows the texts of `EVENT.status.njk` alone, and nothing of a plan. The API has no key against repetitions: each
 * write leaves a mark in the incident's metadata, and what may have arrived is looked for first.
 * @throws Failure CHANNEL_FAILED
 */
export function createStatuspage({ name, config, memory, renderer }: StatuspageParts): Channel {
  const { page, components, timeout } = config;
  const authorization = `OAuth ${config.token}`;
  const api = createJsonApi({
    name,
    service: 'Statuspage',
    url: `${(config.url ?? DEFAULT_URL).replace(/\/+$/, '')}/v1/pages/${encodeURIComponent(page)}`,
    authorization,
    timeout,
  });

  const own: Partial<Record<Notification['event'], Step>> = config.steps;
  const stepOf = (event: Notification['event']): Step => own[event] ?? STEPS[event] ?? 'none';

  function componentsAt(step: Step): object {
    // Until somebody knows that all is well, what was degraded stays so.
    if (components.length === 0 || step === 'monitoring') return {};
    const status = step === 'resolved' ? 'operational' : config.componentStatus;
    return { components: Object.fromEntries(components.map((id) => [id, status])) };
  }

  function updateOf(notification: Notification, step: Step) {
    return {
      status: step,
      body: renderer.render(notification, 'status').trim(),
      deliver_notifications: config.deliver,
      ...componentsAt(step),
      metadata: { tidegate: { message: markOf(notification) } },
    };
  }

  function openingOf(notification: Notification, step: Step) {
    return { name: config.title, component_ids: components, ...updateOf(notification, step) };
  }

  const isMarked = (incident: unknown, notification: Notification) => {
    const parsed = Incident.safeParse(incident);
    return parsed.success && parsed.data.metadata?.tidegate?.message === markOf(notification);
  };

  async function update(id: string, notification: Notification, more: { step: Step; repeated: boolean }) {
    const path = `/incidents/${encodeURIComponent(id)}`;
    if (more.repeated && isMarked(await api.get(path), notification)) return;
    await api.patch(path, { incident: updateOf(notification, more.step) });
  }

  async function open(notification: Notification, { step, repeated }: { step: Step; repeated: boolean }) {
    const latest = repeated ? z.array(z.unknown()).parse(await api.get('/incidents?limit=100&page=1')) : [];
    const found = latest.find((one) => isMarked(one, notification));
    const incident = found ?? (await api.post('/incidents', { incident: openingOf(notification, step) }));
    return Incident.parse(incident).id;
  }

  return {
    name,
    kind: 'statuspage',
    timeoutMs: timeout * 3000,
    // The page is public.
    takesReports: false,

    async send(notification, attempt) {
      const step = stepOf(notification.event);
      if (step === 'none') return;
      const place = { rolloutId: notification.rolloutId, channel: name, key: 'incident' };
      const how = { step, repeated: attempt?.repeated === true };
      const known = await memory.recall(place);
      if (known !== null && known !== RESOLVED) {
        const gone = await update(known, notification, how).then(() => false, trueWhereGone);
        if (!gone) {
          if (step === 'resolved') await memory.keep(place, RESOLVED);
          return;
        }
        await memory.keep(place, RESOLVED);
      }
      // What was never told to be wrong is not told to be well.
      if (step === 'monitoring' || step === 'resolved') return;
      await memory.keep(place, await open(notification, how));
    },

    preview(notification) {
      const step = stepOf(notification.event);
      if (step === 'none')
        return {
          text: `Nothing: ${notification.event} is not told on the page.\n`,
          html: null,
          payload: null,
        };
      const incident = openingOf(notification, step);
      return { text: `${config.title} (${step})\n\n${incident.body}\n`, html: null, payload: { incident } };
    },

    async check() {
      renderer.check();
      const known = Components.safeParse(await api.get('/components'));
      const ids = known.success ? known.data.map(({ id }) => id) : [];
      const missing = components.filter((id) => !ids.includes(id));
      if (missing.length === 0) return;
      throw new Failure(
        'CHANNEL_FAILED',
        `Channel ${name}: the page has no component ${missing.join(', ')}`,
        {
          details: [`it has ${ids.join(', ') || 'none'}`],
        },
      );
    },
  };
}

/** Of a message; it says nothing to whoever reads it. */
function markOf(notification: Notification): string {
  return createHash('sha256').update(messageId(notification)).digest('hex').slice(0, 32);
}

/** Somebody deleted the incident. */
function trueWhereGone(error: unknown): true {
  if (error instanceof Refused && error.status === 404) return true;
  throw error;
}
