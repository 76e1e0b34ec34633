import type { Answer } from './delivery.ts';
import { type Exposure, type ExposureOptions, Exposures } from './exposures.ts';
import { generalAnswer, indexes, post, type Reply } from './http.ts';

/** What the API takes in one request. */
const MOST_EVENTS = 2_000;
/** What its documentation says to wait when users or devices are throttled. */
const THROTTLED_MS = 30_000;

const URLS = {
  us: 'https://api2.amplitude.com/2/httpapi',
  eu: 'https://api.eu.amplitude.com/2/httpapi',
};

export interface AmplitudeOptions extends ExposureOptions {
  apiKey: string;
  /** Where the project lives. Default `us`. */
  region?: keyof typeof URLS;
  /** In place of the region's address. */
  url?: string;
  /** Default `[Experiment] Exposure`. */
  event?: string;
  /** Milliseconds to wait when users are throttled and the answer does not say. Default 30,000. */
  throttledMs?: number;
}

interface AmplitudeEvent {
  event_type: string;
  user_id: string;
  time: number;
  insert_id: string;
  event_properties: Record<string, string>;
}

/**
 * Tells Amplitude who got which variant, through its HTTP API V2. A batch with events that it does not take is sent
 * again without them; they are told to `onProblem`.
 */
export function amplitude(options: AmplitudeOptions): Exposures<AmplitudeEvent> {
  const { apiKey, region = 'us', url = URLS[region], event = '[Experiment] Exposure' } = options;
  const headers = { 'content-type': 'application/json', accept: '*/*' };
  return new Exposures<AmplitudeEvent>(
    {
      toEvent: (exposure) => eventOf(event, exposure),
      send: async (events, signal) => {
        // Keys of users may be shorter than the five characters that it takes by default.
        const body = JSON.stringify({ api_key: apiKey, events, options: { min_id_length: 1 } });
        const reply = await post({ url, headers, body, signal });
        return answerOf(reply, { events, throttledMs: options.throttledMs ?? THROTTLED_MS });
      },
    },
    { ...options, batch: Math.min(options.batch ?? 100, MOST_EVENTS) },
  );
}

function eventOf(event_type: string, { at, user, id, assignment, version }: Exposure): AmplitudeEvent {
  const { flag, variant, cohort, audience, tenant } = assignment;
  return {
    event_type,
    user_id: user,
    time: at,
    insert_id: id,
    event_properties: {
      flag_key: flag,
      variant,
      cohort,
      audience,
      ...(version === '' ? {} : { flag_version: version }),
      ...(tenant === undefined ? {} : { tenant }),
    },
  };
}

interface Sent {
  events: readonly AmplitudeEvent[];
  throttledMs: number;
}

/** Anything but a 200 has taken nothing of the batch. */
function answerOf(reply: Reply, { events, throttledMs }: Sent): Answer {
  const general = generalAnswer(reply);
  const why = `${reply.status} ${String(reply.body['error'] ?? '')}`.trim();
  if (reply.status === 400) {
    const drop = unfit(reply.body);
    // A wrong key or a missing field of the request: no event is to blame, and none would pass.
    if (drop.length === 0) return general;
    return { kind: 'again', afterMs: 0, drop, why };
  }
  if (reply.status === 429) {
    const over = { ...objectOf(reply.body['exceeded_daily_quota_users']) };
    const drop = events.flatMap(({ user_id }, index) => (Object.hasOwn(over, user_id) ? [index] : []));
    return { kind: 'again', afterMs: reply.retryAfterMs ?? throttledMs, drop, why };
  }
  return general;
}

/** The events that a 400 names: by field, by the length of their ids, or as silenced. */
function unfit(body: Record<string, unknown>): number[] {
  const byField = [
    'events_with_invalid_fields',
    'events_with_missing_fields',
    'events_with_invalid_id_lengths',
  ].flatMap((name) => Object.values(objectOf(body[name])).flatMap(indexes));
  return [...new Set([...byField, ...indexes(body['silenced_events'])])];
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
