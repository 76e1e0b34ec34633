import { z } from 'zod';
import type { Outcome } from './outcome.ts';
import { no, yes } from './outcome.ts';

export const GrafanaConfig = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\/[^?#]+$/, 'expected http:// or https:// and no query')
    .describe('Its address, with the path where it has one.')
    .meta({ title: 'address', examples: ['https://grafana.example.com'] }),
  token: z.string().min(1).optional().describe('Of a service account that may view dashboards.'),
});
export type GrafanaConfig = z.infer<typeof GrafanaConfig>;

const Answer = z.object({ dashboard: z.object({ title: z.string() }) });

/** Whether Grafana has a dashboard. Whatever it answers is an outcome; what keeps it from answering is thrown. */
export async function askGrafana(
  uid: string,
  { config: { url, token }, signal }: { config: GrafanaConfig; signal: AbortSignal },
): Promise<Outcome> {
  const response = await fetch(`${base(url)}/api/dashboards/uid/${encodeURIComponent(uid)}`, {
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    redirect: 'manual',
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    return no(refusal(response.status, uid));
  }
  const answer = Answer.safeParse(await response.json().catch(() => null));
  return answer.success
    ? yes(`Grafana has "${answer.data.dashboard.title}"`)
    : no('what answers there is no Grafana');
}

/** Grafana answered, and lets the token look. */
export function isNoDashboard(came: string): boolean {
  return came.startsWith('Grafana has ');
}

function refusal(status: number, uid: string): string {
  if (status === 404) return `Grafana has no dashboard ${uid}: \`tidegate dashboards generate\` makes it`;
  if (status === 401 || status === 403) return `Grafana does not let the token see it (status ${status})`;
  return `Grafana answers with status ${status}`;
}

/** The dashboard that an address shows, where it is one of this Grafana; null: it is elsewhere. */
export function uidIn(address: string, { url }: GrafanaConfig): string | null {
  if (!URL.canParse(address) || !address.startsWith(`${base(url)}/d/`)) return null;
  const [uid = ''] = address.slice(`${base(url)}/d/`.length).split(/[/?#]/);
  return uid === '' ? null : decodeURIComponent(uid);
}

function base(url: string): string {
  return url.replace(/\/+$/, '');
}
