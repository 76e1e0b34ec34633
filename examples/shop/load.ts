import { Agent, request } from 'node:http';
import { journeys, type Step } from './journeys.ts';
import { hash, random } from './random.ts';

export interface LoadOptions {
  /** Base URLs of the fronts, on loopback; a user always comes to the same one. */
  fronts: readonly string[];
  /** Requests per second. */
  rate?: number;
  /** Seconds after which it stops by itself. */
  seconds?: number;
  /** Requests after which it stops by itself. */
  requests?: number;
  seed?: number;
}

export interface LoadStatus {
  /** Requests whose time had come. */
  due: number;
  /** Of those, not sent because too many were unanswered: the shop is overloaded. */
  skipped: number;
  sent: number;
  /** Answers by class; `failed` are 5xx and requests without an answer. */
  ok: number;
  refused: number;
  failed: number;
  inFlight: number;
  seconds: number;
  /** Answers per second over the whole run. */
  rate: number;
  meanMs: number;
  running: boolean;
}

export interface Load {
  status(): LoadStatus;
  /** Settles once the load has stopped by itself or was stopped, and the last answer is in. */
  done: Promise<LoadStatus>;
  stop(): Promise<LoadStatus>;
}

const DEFAULT_RATE = 300;
/** No load runs longer than a day unless asked to. */
const LONGEST = 86_400;
const TICK_MS = 5;
const MOST_IN_FLIGHT = 1_000;
const TIMEOUT_MS = 10_000;

/**
 * Open-loop load: requests start at random times of a Poisson process with the given rate, whether or not earlier
 * ones were answered, so that a slow shop shows as latency and not as less traffic. Throws `TypeError` on a front
 * that is not on loopback or a rate that is none.
 */
export function startLoad(options: LoadOptions): Load {
  const {
    fronts,
    rate = DEFAULT_RATE,
    seconds = LONGEST,
    requests = Number.POSITIVE_INFINITY,
    seed = 1,
  } = options;
  if (fronts.length === 0) throw new TypeError('At least one front is needed.');
  if (!(rate > 0 && rate <= 10_000)) throw new TypeError('rate is a number above 0, at most 10000.');
  const targets = fronts.map(loopback);
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MOST_IN_FLIGHT,
    maxFreeSockets: 256,
    scheduling: 'fifo',
  });
  const users = journeys(seed);
  const draw = random(seed + 7);
  const began = performance.now();
  const ends = began + seconds * 1_000;
  const count = { due: 0, skipped: 0, sent: 0, ok: 0, refused: 0, failed: 0, inFlight: 0 };
  let waited = 0;
  let stoppedAt: number | null = null;
  let next = began + gap();
  let settle: (status: LoadStatus) => void = () => {};
  const done = new Promise<LoadStatus>((resolve) => {
    settle = resolve;
  });

  function gap(): number {
    return (-Math.log(1 - draw()) / rate) * 1_000;
  }

  function tick(): void {
    const now = performance.now();
    while (next <= now && next < ends && count.due < requests) {
      next += gap();
      count.due += 1;
      const step = users.next();
      if (count.inFlight >= MOST_IN_FLIGHT) count.skipped += 1;
      else fire(step);
    }
    if (now >= ends || count.due >= requests) finish();
  }

  function fire(step: Step): void {
    const base = targets[hash(step.visitor.id) % targets.length];
    const started = performance.now();
    count.sent += 1;
    count.inFlight += 1;
    void send(agent, `${base}${step.path}`, step).then((status) => {
      count.inFlight -= 1;
      waited += performance.now() - started;
      count[status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'ok'] += 1;
      settleWhenQuiet();
    });
  }

  function finish(): void {
    if (stoppedAt !== null) return;
    clearInterval(timer);
    stoppedAt = performance.now();
    settleWhenQuiet();
  }

  function settleWhenQuiet(): void {
    if (stoppedAt === null || count.inFlight > 0) return;
    agent.destroy();
    settle(status());
  }

  function status(): LoadStatus {
    const elapsed = ((stoppedAt ?? performance.now()) - began) / 1_000;
    const answered = count.ok + count.refused + count.failed;
    const rounded = (value: number) => Math.round(value * 10) / 10;
    return {
      ...count,
      seconds: rounded(elapsed),
      rate: rounded(elapsed > 0 ? answered / elapsed : 0),
      meanMs: rounded(answered > 0 ? waited / answered : 0),
      running: stoppedAt === null,
    };
  }

  const timer = setInterval(tick, TICK_MS);
  return {
    status,
    done,
    stop() {
      finish();
      return done;
    },
  };
}

/** The answer's status; 599 for a request without an answer. */
function send(agent: Agent, url: string, { method, visitor, body }: Step): Promise<number> {
  const text = body === null ? '' : JSON.stringify(body);
  const headers: Record<string, string | number> = {
    'x-user': visitor.id,
    'x-email': visitor.email,
    'x-region': visitor.region,
    ...(text === '' ? {} : { 'content-type': 'application/json' }),
    ...(method === 'POST' ? { 'content-length': Buffer.byteLength(text) } : {}),
  };
  return new Promise((resolve) => {
    const call = request(url, { method, agent, headers, timeout: TIMEOUT_MS }, (response) => {
      response.on('error', () => resolve(599));
      response.on('end', () => resolve(response.statusCode ?? 599));
      response.resume();
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(599));
    call.end(text);
  });
}

function loopback(front: string): string {
  const { protocol, hostname, origin } = new URL(front);
  if (protocol !== 'http:' || !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new TypeError(`The load goes to loopback only, not to ${front}.`);
  }
  return origin;
}
