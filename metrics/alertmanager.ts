import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { type Connection, connect, SourceDown } from './connection.ts';

/** A test alert, and what an Alertmanager made of it. `url`: as Prometheus lists it. */
export type TestAlert = { url: string } & (
  | { kind: 'seen'; seconds: number; receivers: string[]; suppressed: boolean }
  | { kind: 'not-seen'; detail: string }
  | { kind: 'refused'; detail: string }
);

export interface TestAlertRequest {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 after which the alert ends by itself. */
  endsAt: number;
  /** Seconds for which it is looked for. */
  patience: number;
}

const Alerts = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    receivers: z.array(z.object({ name: z.string() })).default([]),
    status: z.object({ state: z.string() }).optional(),
  }),
);
const EVERY_MS = 250;
const ANSWER_WITHIN = 5;

/**
 * Sends a test alert to one Alertmanager and looks for it until it is seen there (API v2,
 * github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml). Never throws. The credentials of the Prometheus that
 * lists it are not sent along: it is another server.
 */
export async function sendTestAlert(url: string, request: TestAlertRequest): Promise<TestAlert> {
  const base = url.replace(/\/api\/v[12]\/alerts\/?(?:\?.*)?$/, '');
  let connection: Connection;
  try {
    connection = connect({ url: base, settle: 0, timeout: ANSWER_WITHIN });
  } catch {
    return { url, kind: 'refused', detail: 'it is no address' };
  }
  try {
    return { url, ...(await exchange(connection, request)) };
  } finally {
    connection.close();
  }
}

type Outcome = TestAlert extends infer T ? (T extends unknown ? Omit<T, 'url'> : never) : never;

async function exchange(connection: Connection, request: TestAlertRequest): Promise<Outcome> {
  const { labels, annotations, endsAt, patience } = request;
  const alert = { labels, annotations, endsAt: new Date(endsAt).toISOString() };
  const sent = await answered(() => connection.postJson('/api/v2/alerts', [alert]));
  if (typeof sent === 'string') return { kind: 'refused', detail: sent };
  if (sent.status !== 200) return { kind: 'refused', detail: `it answers ${sent.status}` };
  const began = performance.now();
  const filter = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)[0] ?? '';
  let detail = 'it took the alert and does not show it';
  for (;;) {
    const seen = await answered(() => connection.get('/api/v2/alerts', { filter }));
    const seconds = (performance.now() - began) / 1000;
    const found = typeof seen === 'string' ? seen : shown(seen, labels);
    if (typeof found === 'string') detail = found;
    else if (found !== null) {
      const receivers = found.receivers.map(({ name }) => name);
      const state = found.status?.state;
      return { kind: 'seen', seconds, receivers, suppressed: state === 'suppressed' };
    }
    if (seconds >= patience) return { kind: 'not-seen', detail };
    await wait(EVERY_MS);
  }
}

/** The alert with all these labels, null while there is none, or what is wrong with the answer. */
function shown(
  { status, body }: { status: number; body: string },
  labels: Readonly<Record<string, string>>,
): z.infer<typeof Alerts>[number] | null | string {
  if (status !== 200) return `it answers ${status} when asked for its alerts`;
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return 'its list of alerts is not JSON';
  }
  const parsed = Alerts.safeParse(answer);
  if (!parsed.success) return "its list of alerts is not that of Alertmanager's API v2";
  // Whatever it filters by, only our own alert counts.
  const mine = parsed.data.find((one) =>
    Object.entries(labels).every(([name, value]) => one.labels[name] === value),
  );
  return mine ?? null;
}

async function answered<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SourceDown) return error.message;
    throw error;
  }
}
