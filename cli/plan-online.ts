import { isFailure } from '../plans/failures.ts';
import { CheckReply } from '../server/api/plans.ts';
import { ApiClient } from './api-client.ts';
import type { Context } from './context.ts';

/** A plan that waits for the databases of its tenants, each at most 30 s. */
const PATIENCE_MS = 60_000;

/**
 * What the server says of a plan: names of its tidegate.yaml, other rollouts, queries and tenants. Whoever may not submit there
 * has no queries tried, and is told so.
 */
export async function checkedOnline(context: Context, { text, file }: { text: string; file: string }) {
  const ask = (queries: boolean) =>
    new ApiClient(context).ask('/plans/check', {
      body: { text, file, queries },
      reply: CheckReply,
      timeoutMs: PATIENCE_MS,
    });
  const refused: string[] = [];
  const reply = await ask(true).catch((error: unknown) => {
    if (!isFailure(error) || (error.code !== 'PERMISSION_MISSING' && error.code !== 'PROMETHEUS_UNREACHABLE'))
      throw error;
    refused.push(`queries and tenants were not tried: ${error.message}`);
    return ask(false);
  });
  const { ok, findings, allowed, tenants, queries } = reply;
  const broken = (queries ?? []).filter(({ kind }) => kind === 'refused' || kind === 'no-baseline');
  return {
    ok: ok && broken.length === 0,
    broken: broken.length,
    findings: findings.map((finding) => ({ ...finding, file })),
    allowed: allowed.map((finding) => ({ ...finding, file })),
    notes: [
      ...refused,
      ...(tenants ?? []).map((found) => found.text),
      ...broken.map(({ metric, detail, query }) => `${metric}: ${detail} (${query})`),
    ],
  };
}
