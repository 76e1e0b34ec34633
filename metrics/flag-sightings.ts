import { z } from 'zod';
import type { ClientSightings } from '../plans/flag/evaluations.ts';
import { type Connection, SourceDown } from './connection.ts';
import { QueryRefused, timestamp } from './prometheus-api.ts';

/** Unix seconds. */
interface Between {
  from: number;
  to: number;
}

/** What `tidegate/client` counts by flag, whatever the prefix of its names: docs/client.md. */
const COUNTED =
  '{__name__=~".+_requests_total|.+_users|tidegate_evaluation_errors_total",flag!="",flag!="other",service!=""}';
/** How long before the window applications must have been seen to report. */
const BEFORE = 86_400;

const Values = z.object({ status: z.literal('success'), data: z.array(z.string()) });

/**
 * The flags of which any process counted an evaluation that was scraped in the window. It asks for labels and not for samples,
 * which costs the same for a month as for an hour. A process counts a flag from its first evaluation until the process
 * ends, and Prometheus looks at whole blocks: both see a flag for longer, never for shorter. Never throws.
 */
export async function flagSightings(
  connection: Connection,
  source: string,
  { from, to }: Between,
): Promise<ClientSightings> {
  try {
    const flags = await labels(connection, { from, to });
    if (flags.length === 0) return { kind: 'nothing', source };
    const earlier = await labels(connection, { from: from - BEFORE, to: from });
    return { kind: earlier.length > 0 ? 'saw' : 'late', source, flags };
  } catch (error) {
    if (error instanceof SourceDown || error instanceof QueryRefused)
      return { kind: 'failed', source, problem: error.message };
    throw error;
  }
}

async function labels(connection: Connection, { from, to }: Between): Promise<string[]> {
  const query = { 'match[]': COUNTED, start: timestamp(from), end: timestamp(to) };
  const { status, body } = await connection.get('/api/v1/label/flag/values', query);
  const parsed = status === 200 ? Values.safeParse(json(body)).data : undefined;
  if (parsed === undefined) throw new QueryRefused(`its label values cannot be read (HTTP ${status})`);
  return parsed.data;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
