import { z } from 'zod';
import type { AlertRule } from '../plans/preflight.ts';
import { type Answer, type Connection, SourceDown } from './connection.ts';

const Rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            type: z.string().optional(),
            name: z.string(),
            query: z.string().default(''),
            labels: z.record(z.string(), z.string()).nullish(),
            health: z.string().optional(),
          }),
        ),
      }),
    ),
  }),
});
const Alertmanagers = z.object({
  data: z.object({ activeAlertmanagers: z.array(z.object({ url: z.string() })) }),
});

/** The alerting rules of a Prometheus; null where the source has no such address (a store without a ruler). @throws SourceDown */
export async function readRules(connection: Connection): Promise<AlertRule[] | null> {
  const body = bodyOf(connection, await connection.get('/api/v1/rules', { type: 'alert' }));
  if (body === null) return null;
  const parsed = Rules.safeParse(body);
  if (!parsed.success)
    throw new SourceDown(`${connection.host}: its list of rules is not that of a Prometheus`);
  return parsed.data.data.groups
    .flatMap(({ rules }) => rules)
    .filter(({ type }) => type === undefined || type === 'alerting')
    .map(({ name, query, labels, health }) => ({
      name,
      expr: query,
      labels: labels ?? {},
      healthy: health !== 'err',
    }));
}

/** Where a Prometheus sends its alerts; null where the source does not say. @throws SourceDown */
export async function readAlertmanagers(connection: Connection): Promise<string[] | null> {
  const body = bodyOf(connection, await connection.get('/api/v1/alertmanagers'));
  if (body === null) return null;
  const parsed = Alertmanagers.safeParse(body);
  return parsed.success ? parsed.data.data.activeAlertmanagers.map(({ url }) => url) : null;
}

/** Null: there is no such address. */
function bodyOf(connection: Connection, { status, body }: Answer): unknown {
  if ([400, 404, 405, 501].includes(status)) return null;
  if (status !== 200) throw new SourceDown(`${connection.host}: answers ${status}`);
  try {
    return JSON.parse(body);
  } catch {
    // A gateway's page in place of an answer.
    return null;
  }
}
