import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer } from './delivery.ts';
import { type Exposure, type ExposureOptions, Exposures } from './exposures.ts';
import { generalAnswer, post, type Reply } from './http.ts';

const compress = promisify(gzip);
/** What the API takes in one request. */
const MOST_EVENTS = 2_000;

const HOSTS = {
  us: 'https://api.mixpanel.com',
  eu: 'https://api-eu.mixpanel.com',
  in: 'https://api-in.mixpanel.com',
};

export interface MixpanelOptions extends ExposureOptions {
  /** The project's token, or a service account. */
  auth: { token: string } | { user: string; secret: string; projectId: string };
  /** Where the project lives. Default `us`. */
  region?: keyof typeof HOSTS;
  /** In place of the region's address. */
  url?: string;
  /** Default `$experiment_started`, which Mixpanel's experiment reports read. */
  event?: string;
}

interface MixpanelEvent {
  event: string;
  properties: Record<string, string | number>;
}

/**
 * Tells Mixpanel who got which variant, through `POST /import?strict=1` (compressed, basic auth). Events that fail its
 * validation are told to `onProblem`, the others of their batch count.
 */
export function mixpanel(options: MixpanelOptions): Exposures<MixpanelEvent> {
  const { auth, region = 'us', url = HOSTS[region], event = '$experiment_started' } = options;
  const project = 'token' in auth ? '' : `&project_id=${encodeURIComponent(auth.projectId)}`;
  const address = `${url}/import?strict=1${project}`;
  const account = 'token' in auth ? `${auth.token}:` : `${auth.user}:${auth.secret}`;
  const headers = {
    authorization: `Basic ${Buffer.from(account).toString('base64')}`,
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    accept: 'application/json',
  };
  return new Exposures<MixpanelEvent>(
    {
      toEvent: (exposure) => ({ event, properties: propertiesOf(exposure) }),
      send: async (events, signal) => {
        const body = new Uint8Array(await compress(JSON.stringify(events)));
        return answerOf(await post({ url: address, headers, body, signal }));
      },
    },
    { ...options, batch: Math.min(options.batch ?? MOST_EVENTS, MOST_EVENTS) },
  );
}

function propertiesOf({ at, user, id, assignment, version }: Exposure): Record<string, string | number> {
  const { flag, variant, cohort, audience, tenant } = assignment;
  return {
    time: at,
    distinct_id: user,
    $insert_id: id,
    'Experiment name': flag,
    'Variant name': variant,
    cohort,
    audience,
    ...(version === '' ? {} : { flag_version: version }),
    ...(tenant === undefined ? {} : { tenant }),
  };
}

/** With `strict=1` a 400 that names records has taken all the others. */
function answerOf(reply: Reply): Answer {
  const failed = reply.body['failed_records'];
  if (reply.status !== 400 || !Array.isArray(failed) || failed.length === 0) return generalAnswer(reply);
  const records = failed as { index?: unknown; field?: unknown; message?: unknown }[];
  const [first] = records;
  return {
    kind: 'taken',
    rejected: records.flatMap(({ index }) => (typeof index === 'number' ? [index] : [])),
    why: `${String(first?.field ?? '')} ${String(first?.message ?? 'is not valid')}`.trim(),
  };
}
