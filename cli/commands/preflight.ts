import type { ServedFlag } from '../../app/preflight-findings.ts';
import { Failure, isFailure } from '../../plans/failures.ts';
import type { Plan } from '../../plans/plan.ts';
import { CheckReply } from '../../server/api/plans.ts';
import { ListedFlag } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { printable } from '../render/ink.ts';
import { preflightLines } from '../render/preflight.ts';
import { Progress } from '../render/progress.ts';
import { loadConfiguration } from './processes.ts';

export interface PreflightOptions {
  days?: string;
  fireTest?: boolean;
}

const DEFAULT_DAYS = 7;
const MOST_DAYS = 30;

/** Says before a submit what a rollout would be like: 0 it can start, 1 it cannot. */
export async function preflight(context: Context, file: string, options: PreflightOptions): Promise<number> {
  const days = daysOf(options.days);
  const [config, text, app] = await Promise.all([
    loadConfiguration(context),
    planText(file),
    import('../../app/preflight.ts'),
  ]);
  let bar: Progress | null = null;
  let drawn = 0;
  let queries = 0;
  try {
    const report = await app.preflight({
      config,
      text,
      file: file === '-' ? 'standard input' : file,
      days,
      fireTest: options.fireTest === true,
      now: Date.now() / 1000,
      served: (plan) => servedFlag(context, { plan, text }),
      progress: (done, whole) => {
        bar ??= new Progress(process.stderr, whole, 'spans read');
        bar.advance(done - drawn, (queries += 1));
        drawn = done;
      },
    });
    context.tell(report);
    bar = close(bar);
    context.say(preflightLines(printable(report), context.page()));
    return report.ok ? 0 : 1;
  } finally {
    close(bar);
  }
}

function close(bar: Progress | null): null {
  bar?.close();
  return null;
}

function daysOf(text: string | undefined): number {
  const days = text === undefined ? DEFAULT_DAYS : Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS) return days;
  throw new Failure('USAGE', `--days ${text} is no number of days from 1 to ${MOST_DAYS}.`);
}

/** A preflight works without a server too: then it knows less. */
async function servedFlag(
  context: Context,
  { plan, text }: { plan: Plan; text: string },
): Promise<ServedFlag | null | 'unreachable'> {
  const { environment, flag } = plan;
  const api = new ApiClient(context);
  const query = `?environment=${encodeURIComponent(environment)}`;
  try {
    const { exposure, latch } = await api.get(`/flags/${encodeURIComponent(flag.key)}${query}`, ListedFlag);
    // The definition stands in the server's registry, and so does what a plan may not make of it.
    const { findings } = await api.post('/plans/check', { text }, CheckReply);
    const fault = findings.find(({ rule }) => rule === 'PLAN-CLAIM');
    if (fault === undefined) return { exposure, latch, unclaimable: null };
    const { path, message, instead } = fault;
    return { exposure, latch, unclaimable: { path, message, instead } };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error.code === 'FLAG_UNKNOWN' ? null : 'unreachable';
  }
}
