import { afterEach, describe, expect, it } from 'vitest';
import {
  type AnalyticsReceiver,
  amplitudeReceiver,
  mixpanelReceiver,
} from '../../test/fixtures/analytics.ts';
import type { Assignment } from '../assignment.ts';
import { amplitude } from './amplitude.ts';
import type { DeliveryOptions } from './delivery.ts';
import type { Exposures } from './exposures.ts';
import { mixpanel } from './mixpanel.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

function assigned(user: string, over: Partial<Assignment> = {}): Assignment {
  return {
    flag: 'pricing-v2',
    variant: 'on',
    cohort: 'canary',
    audience: 'public',
    user,
    reason: 'SPLIT',
    metadata: { revision: 7 },
    context: {},
    ...over,
  };
}

interface Line {
  receiver: AnalyticsReceiver;
  sender: Exposures<never>;
  problems: string[];
}

const quick = { flushMs: 60_000, backoffMs: 1, throttledMs: 1 };

async function toMixpanel(options: DeliveryOptions = {}, largest?: number): Promise<Line> {
  const receiver = await mixpanelReceiver({ token: 't0', ...(largest === undefined ? {} : { largest }) });
  return line(receiver, (onProblem) =>
    mixpanel({ auth: { token: 't0' }, url: receiver.url, ...quick, onProblem, ...options }),
  );
}

async function toAmplitude(options: DeliveryOptions = {}, largest?: number): Promise<Line> {
  const receiver = await amplitudeReceiver({ apiKey: 'k0', ...(largest === undefined ? {} : { largest }) });
  const url = `${receiver.url}/2/httpapi`;
  return line(receiver, (onProblem) => amplitude({ apiKey: 'k0', url, ...quick, onProblem, ...options }));
}

function line(receiver: AnalyticsReceiver, make: (tell: (problem: string) => void) => unknown): Line {
  const problems: string[] = [];
  const sender = make((problem) => problems.push(problem)) as Exposures<never>;
  cleanups.push(receiver.close, () => sender.close());
  return { receiver, sender, problems };
}

describe.each([
  ['Mixpanel', toMixpanel],
  ['Amplitude', toAmplitude],
])('%s', (_, open) => {
  it('hears of each user once per version of the flag', async () => {
    const { receiver, sender } = await open();
    for (let i = 0; i < 3; i++) for (const user of ['ada', 'bob']) sender.assigned(assigned(user));
    sender.assigned(assigned('ada', { metadata: { revision: 8 } }));
    sender.assigned(assigned('ada', { flag: 'checkout-v2', tenant: 'acme' }));
    sender.assigned(assigned('eve', { errorCode: 'PROVIDER_NOT_READY' }));
    sender.assigned(assigned(''));
    await sender.flush();
    expect(receiver.taken).toHaveLength(4);
    expect(JSON.stringify(receiver.taken)).toMatch(/pricing-v2.*"on".*acme/);
    expect(sender.status()).toEqual({ waiting: 0, sent: 4, rejected: 0, dropped: 0 });
  });

  it('gets batches, and what is left at the end', async () => {
    const { receiver, sender } = await open({ batch: 10 });
    for (let i = 0; i < 25; i++) sender.assigned(assigned(`user-${i}`));
    await expect.poll(() => receiver.taken.length).toBeGreaterThanOrEqual(20);
    await sender.close();
    expect(receiver.taken).toHaveLength(25);
    expect(Math.max(...receiver.requests.map(({ events }) => events))).toBe(10);
    sender.assigned(assigned('late'));
    expect(sender.status().dropped).toBe(1);
  });

  it('gets an event that is alone once it has waited', async () => {
    const { receiver, sender } = await open({ flushMs: 5 });
    sender.assigned(assigned('ada'));
    await expect.poll(() => receiver.taken.length).toBe(1);
    expect(sender.status().sent).toBe(1);
  });

  it('is asked again after 429, 500, a cut and a time-out, and nothing is lost or doubled', async () => {
    const { receiver, sender } = await open({ timeoutMs: 300 });
    receiver.next({ status: 429 }, { status: 500 }, 'cut', 'hang', {
      status: 503,
      headers: { 'retry-after': '0' },
    });
    for (const user of ['ada', 'bob']) sender.assigned(assigned(user));
    await sender.flush();
    expect(receiver.requests.map(({ status }) => status)).toEqual([429, 500, 'cut', 'hang', 503, 200]);
    expect(receiver.taken).toHaveLength(2);
    expect(sender.status()).toMatchObject({ sent: 2, dropped: 0 });
  });

  it('is left alone for as long as it asks', async () => {
    const { receiver, sender } = await open({ closeMs: 50 });
    receiver.next({ status: 429, headers: { 'retry-after': '3600' } });
    sender.assigned(assigned('ada'));
    // Time enough for many a backoff of a millisecond.
    await sender.close();
    expect(receiver.requests).toEqual([{ events: 1, status: 429 }]);
    expect(sender.status()).toMatchObject({ sent: 0, dropped: 1 });
  });

  it('that stays away costs what it missed, and is not asked for ever', async () => {
    const { receiver, sender, problems } = await open({ attempts: 3 });
    receiver.next(...Array.from({ length: 3 }, () => ({ status: 500 })));
    sender.assigned(assigned('ada'));
    await sender.flush();
    expect(receiver.requests).toHaveLength(3);
    expect(sender.status()).toMatchObject({ sent: 0, dropped: 1 });
    expect(problems[0]).toMatch(/^lost: 500/);
  });

  it('that hangs does not hold up the end', async () => {
    const { receiver, sender } = await open({ closeMs: 20 });
    receiver.next('hang');
    sender.assigned(assigned('ada'));
    await sender.close();
    expect(sender.status()).toMatchObject({ waiting: 0, dropped: 1 });
  });

  it('gets halves of what is too large', async () => {
    const { receiver, sender } = await open({}, 3);
    for (let i = 0; i < 10; i++) sender.assigned(assigned(`user-${i}`));
    await sender.flush();
    expect(receiver.taken).toHaveLength(10);
    expect(receiver.requests[0]).toEqual({ events: 10, status: 413 });
  });

  it('loses what does not fit into the queue, which is counted, and hears of it the next time', async () => {
    const { receiver, sender, problems } = await open({ queue: 5, batch: 100 });
    for (let i = 0; i < 7; i++) sender.assigned(assigned(`user-${i}`));
    expect(sender.status()).toMatchObject({ waiting: 5, dropped: 2 });
    expect(problems).toHaveLength(2);
    await sender.flush();
    sender.assigned(assigned('user-6'));
    await sender.flush();
    expect(receiver.taken).toHaveLength(6);
  });
});

describe('Mixpanel', () => {
  it('takes the valid events of a batch, and the others are told', async () => {
    const { receiver, sender, problems } = await toMixpanel();
    for (const user of ['ada', 'anonymous', 'bob', 'null']) sender.assigned(assigned(user));
    await sender.flush();
    expect(
      receiver.taken.map(({ properties }) => (properties as { distinct_id: string }).distinct_id),
    ).toEqual(['ada', 'bob']);
    expect(receiver.requests).toEqual([{ events: 4, status: 400 }]);
    expect(sender.status()).toMatchObject({ sent: 2, rejected: 2, dropped: 0 });
    expect(problems[0]).toContain('properties.distinct_id');
  });

  it('gets the names that its experiment reports read', async () => {
    const { receiver, sender } = await toMixpanel();
    sender.assigned(assigned('ada'));
    await sender.flush();
    expect(receiver.taken).toMatchObject([
      {
        event: '$experiment_started',
        properties: {
          'Experiment name': 'pricing-v2',
          'Variant name': 'on',
          distinct_id: 'ada',
          flag_version: '7',
        },
      },
    ]);
  });

  it('that does not know the token is not asked again', async () => {
    const receiver = await mixpanelReceiver({ token: 'another' });
    const { sender, problems } = line(receiver, (onProblem) =>
      mixpanel({ auth: { token: 't0' }, url: receiver.url, ...quick, onProblem }),
    );
    sender.assigned(assigned('ada'));
    await sender.flush();
    expect(receiver.requests).toHaveLength(1);
    expect(problems).toEqual(['refused: 401 Invalid credentials']);
  });

  it('is asked as a service account, with its project', async () => {
    const receiver = await mixpanelReceiver({ token: 'robot:secret' });
    // The receiver's token ends with a colon, as a service account's password would.
    const auth = { user: 'robot', secret: 'secret:', projectId: '12 3' };
    const { sender } = line(receiver, () => mixpanel({ auth, url: receiver.url, ...quick }));
    sender.assigned(assigned('ada'));
    await sender.flush();
    expect(receiver.taken).toHaveLength(1);
  });
});

describe('Amplitude', () => {
  it('gets a batch again without the events that it does not take', async () => {
    const { receiver, sender, problems } = await toAmplitude();
    for (const user of ['ada', 'silenced', 'bob']) sender.assigned(assigned(user));
    await sender.flush();
    expect(receiver.requests).toEqual([
      { events: 3, status: 400 },
      { events: 2, status: 200 },
    ]);
    expect(receiver.taken).toMatchObject([
      { event_type: '[Experiment] Exposure', user_id: 'ada', event_properties: { flag_key: 'pricing-v2' } },
      { user_id: 'bob' },
    ]);
    expect(sender.status()).toMatchObject({ sent: 2, rejected: 1 });
    expect(problems[0]).toContain('Invalid fields');
  });

  it('gets no more of users who are over their quota, and the throttled ones later', async () => {
    const { receiver, sender } = await toAmplitude();
    const body = {
      error: 'Too many requests for some devices and users',
      throttled_users: { bob: 32 },
      exceeded_daily_quota_users: { ada: 500_001 },
      throttled_events: [0, 1],
    };
    receiver.next({ status: 429, body });
    for (const user of ['ada', 'bob']) sender.assigned(assigned(user));
    await sender.flush();
    expect(receiver.taken).toMatchObject([{ user_id: 'bob' }]);
    expect(sender.status()).toMatchObject({ sent: 1, rejected: 1 });
  });

  it('that does not know the key is not asked again', async () => {
    const receiver = await amplitudeReceiver({ apiKey: 'another' });
    const url = `${receiver.url}/2/httpapi`;
    const { sender, problems } = line(receiver, (onProblem) =>
      amplitude({ apiKey: 'k0', url, ...quick, onProblem }),
    );
    sender.assigned(assigned('ada'));
    await sender.flush();
    expect(receiver.requests).toHaveLength(1);
    expect(problems[0]).toContain('Invalid API key');
  });
});

it('remembers a bounded number of users', async () => {
  const { receiver, sender } = await toAmplitude({ remember: 4 } as DeliveryOptions);
  for (const user of ['a', 'b', 'c', 'd', 'e', 'a', 'e']) sender.assigned(assigned(user));
  await sender.flush();
  // The first was forgotten and told again; the receiver knows its id and takes it once.
  expect(receiver.requests).toEqual([{ events: 6, status: 200 }]);
  expect(receiver.taken).toHaveLength(5);
});
