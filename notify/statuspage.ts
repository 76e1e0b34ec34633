import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import type { ChannelMemory } from '../store/store.ts';
import { type Channel } from './channel.ts';
import type { StatuspageConfig } from './config.ts';
import { createJsonApi, Refused } from './json-api.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';
import { createComponents } from './statuspage-components.ts';
import { maintenanceFields } from './statuspage-maintenance.ts';

interface StatuspageParts {
  name: string;
  config: StatuspageConfig;
  memory: ChannelMemory;
  renderer: Renderer;
}

const DEFAULT_URL = 'https://api.statuspage.io';
/** As kept once the incident of a rollout was resolved: the next one is a new one. */
const RESOLVED = 'resolved';
const CLOSED: readonly string[] = ['resolved', 'postmortem', 'completed'];

type Step = NonNullable<StatuspageConfig['steps']['note']>;

/** What users of the page may have noticed, or will; nothing else is told there. */
const STEPS: Partial<Record<Notification['event'], Step>> = {
  'hard-stop': 'investigating',
  incident: 'investigating',
  'incident-update': 'goes-on',
  'incident-closed': 'resolved',
  killed: 'investigating',
  'write-failed': 'identified',
  'rolled-back': 'monitoring',
  'rollback-verified': 'resolved',
  'rollback-unverified': 'identified',
  resumed: 'resolved',
  completed: 'resolved',
  abandoned: 'resolved',
  superseded: 'monitoring',
  upcoming: 'scheduled',
};

const Mark = z.object({ message: z.string() });
const Incident = z.looseObject({
  id: z.string(),
  status: z.string().optional(),
  metadata: z
    .looseObject({ tidegate: Mark.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
const Components = z.array(z.looseObject({ id: z.string() }));

interface How {
  step: Step;
  repeated: boolean;
}

/**
 * An incident of Atlassian Statuspage for each rollout: opened, updated and resolved (developer.statuspage.io); and a scheduled
 * maintenance for a stage that is announced. The page is public: it shows the texts of `EVENT.status.njk` alone, and nothing of
 * a plan. The API has no key against repetitions: each write leaves a mark in the incident's metadata, and what may have arrived
 * is looked for first. @throws Failure CHANNEL_FAILED
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
  const shared = createComponents({
    page,
    components,
    channel: name,
    memory,
    isOpen: async (id) => {
      const incident = await api.get(incidentPath(id)).catch(nullWhereGone);
      const parsed = Incident.safeParse(incident);
      return parsed.success && !CLOSED.includes(parsed.data.status ?? '');
    },
    set: async (id, status) => {
      await api.patch(`/components/${encodeURIComponent(id)}`, { component: { status } });
    },
  });

  const own: Partial<Record<Notification['event'], Step>> = config.steps;
  const stepOf = (event: Notification['event']): Step => own[event] ?? STEPS[event] ?? 'none';

  const said = (notification: Notification) => ({
    body: renderer.render(notification, 'status').trim(),
    deliver_notifications: config.deliver,
    metadata: { tidegate: { message: markOf(notification) } },
  });

  const fieldsOf = (notification: Notification, step: Step) => ({
    // Without a status it stays as it is.
    ...(step === 'goes-on' ? {} : { status: step }),
    ...said(notification),
  });

  const isMarked = (incident: unknown, notification: Notification) => {
    const parsed = Incident.safeParse(incident);
    return parsed.success && parsed.data.metadata?.tidegate?.message === markOf(notification);
  };

  /** False: somebody deleted it. */
  async function update(id: string, notification: Notification, more: { fields: object; repeated: boolean }) {
    try {
      if (more.repeated && isMarked(await api.get(incidentPath(id)), notification)) return true;
      await api.patch(incidentPath(id), { incident: more.fields });
      return true;
    } catch (error) {
      nullWhereGone(error);
      return false;
    }
  }

  async function open(
    notification: Notification,
    { fields, repeated }: { fields: object; repeated: boolean },
  ): Promise<string> {
    const latest = repeated ? z.array(z.unknown()).parse(await api.get('/incidents?limit=100&page=1')) : [];
    const found = latest.find((one) => isMarked(one, notification));
    const incident = found ?? (await api.post('/incidents', { incident: fields }));
    return Incident.parse(incident).id;
  }

  const opening = (notification: Notification, step: Step) => ({
    name: config.title,
    component_ids: components,
    ...fieldsOf(notification, step),
  });

  /** Goes on with the incident of the rollout that is open; false: there is none any more. */
  async function goOn(notification: Notification, id: string, { step, repeated }: How): Promise<boolean> {
    const { rolloutId } = notification;
    // Until somebody knows that all is well, what was degraded stays so.
    const moves = components.length > 0 && step !== 'monitoring' && step !== 'goes-on';
    if (step === 'resolved') await shared.release(rolloutId);
    else if (moves) await shared.claim(rolloutId, { status: config.componentStatus, incident: id });
    const statuses = moves ? await shared.now({ pruned: step === 'resolved' }) : {};
    const fields = { ...fieldsOf(notification, step), ...(moves ? { components: statuses } : {}) };
    const there = await update(id, notification, { fields, repeated });
    if (!there) await shared.release(rolloutId);
    if (moves) await shared.settle(there && !repeated ? statuses : {});
    return there;
  }

  async function begin(notification: Notification, { step, repeated }: How): Promise<string> {
    const { rolloutId } = notification;
    const { componentStatus: status } = config;
    await shared.claim(rolloutId, { status, incident: null });
    const statuses = await shared.now({ pruned: false });
    const fields = {
      ...opening(notification, step),
      ...(components.length === 0 ? {} : { components: statuses }),
    };
    const id = await open(notification, { fields, repeated });
    await shared.claim(rolloutId, { status, incident: id });
    await shared.settle(repeated ? {} : statuses);
    return id;
  }

  /** A maintenance of the page for what comes, by its stage; moved where the stage is, and ended where it does not come. */
  async function schedule(notification: Notification, repeated: boolean): Promise<void> {
    const { upcoming, rolloutId } = notification;
    if (upcoming === undefined) return;
    const place = { rolloutId, channel: name, key: `maintenance ${upcoming.stage}` };
    const known = await memory.recall(place);
    const times = maintenanceFields(upcoming);
    const fields = { ...said(notification), ...times };
    const there =
      known !== null && known !== RESOLVED && (await update(known, notification, { fields, repeated }));
    if (upcoming.at === null) {
      if (known !== null) await memory.keep(place, RESOLVED);
      return;
    }
    if (there) return;
    const all = { name: config.maintenance, component_ids: components, ...fields };
    await memory.keep(place, await open(notification, { fields: all, repeated }));
  }

  return {
    name,
    kind: 'statuspage',
    timeoutMs: timeout * 5000,
    // The page is public.
    takesReports: false,

    async send(notification, attempt) {
      const step = stepOf(notification.event);
      if (step === 'none') return;
      const how = { step, repeated: attempt?.repeated === true };
      if (step === 'scheduled') return schedule(notification, how.repeated);
      const place = { rolloutId: notification.rolloutId, channel: name, key: 'incident' };
      const known = await memory.recall(place);
      if (known !== null && known !== RESOLVED) {
        const there = await goOn(notification, known, how);
        if (!there || step === 'resolved') await memory.keep(place, RESOLVED);
        if (there) return;
      }
      // What was never told to be wrong is not told to be well, nor to go on; and a drill is no trouble of the page's readers.
      if (step === 'monitoring' || step === 'resolved' || step === 'goes-on') return;
      if (notification.drill === true) return;
      await memory.keep(place, await begin(notification, how));
    },

    preview(notification) {
      const step = stepOf(notification.event);
      if (step === 'none')
        return {
          text: `Nothing: ${notification.event} is not told on the page.\n`,
          html: null,
          payload: null,
        };
      const { upcoming } = notification;
      const planned = step === 'scheduled' && upcoming !== undefined;
      const incident = planned
        ? {
            name: config.maintenance,
            component_ids: components,
            ...said(notification),
            ...maintenanceFields(upcoming),
          }
        : {
            ...opening(notification, step),
            ...previewed(step),
          };
      return { text: `${incident.name} (${step})\n\n${incident.body}\n`, html: null, payload: { incident } };
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

  function previewed(step: Step): object {
    if (components.length === 0 || step === 'monitoring' || step === 'goes-on') return {};
    const status = step === 'resolved' ? 'operational' : config.componentStatus;
    return { components: Object.fromEntries(components.map((id) => [id, status])) };
  }
}

const incidentPath = (id: string) => `/incidents/${encodeURIComponent(id)}`;

/** Of a message; it says nothing to whoever reads it. */
function markOf(notification: Notification): string {
  return createHash('sha256').update(messageId(notification)).digest('hex').slice(0, 32);
}

/** Somebody deleted the incident. */
function nullWhereGone(error: unknown): null {
  if (error instanceof Refused && error.status === 404) return null;
  throw error;
}
