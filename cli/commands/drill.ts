import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DrillRun, touchedShare, USUAL_PERCENT } from '../../plans/drill.ts';
import { Failure, isFailure } from '../../plans/failures.ts';
import { Duration } from '../../plans/units.ts';
import { DrillReply, DrillsReply } from '../../server/api/drills.ts';
import { StatusReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { drillPicture, drillTable } from '../render/drill.ts';
import { drillLine } from '../render/drill-line.ts';
import { printable } from '../render/ink.ts';
import { LiveScreen } from '../render/live-screen.ts';

export interface DrillOptions {
  errorRate: string;
  latency: string;
  percent?: string;
  within: string;
  reason?: string;
  yes?: boolean;
  end?: boolean;
  list?: boolean;
}

const LOOK_MS = 500;
/** Beyond the limit the metrics may still answer; later than that nobody waits. */
const PATIENCE_MS = 15 * 60_000;
const INTERRUPTED = 130;

/** Rehearses a rollback. 0: detected, rolled back and verified in time; 1: not; 130: broken off by Ctrl-C. */
export async function drill(
  context: Context,
  reference: string | undefined,
  options: DrillOptions,
): Promise<number> {
  const api = new ApiClient(context);
  if (options.list === true) return list(context, api, reference);
  if (reference === undefined) throw new Failure('USAGE', 'Name the rollout or the flag to drill.');
  const id = await rolloutId(api, reference);
  const path = `/rollouts/${encodeURIComponent(id)}`;
  const said = { ...(await context.named()), reason: options.reason ?? null };
  if (options.end === true) {
    const { drill: ended } = await api.post(`${path}/drill/end`, said, DrillReply);
    context.tell(ended);
    context.say([`${id}: ${drillLine(ended)}`]);
    return 0;
  }
  const body = {
    ...said,
    errorRate: number('--error-rate', options.errorRate),
    latencyMs: number('--latency', options.latency),
    ...(options.percent === undefined ? {} : { percent: number('--percent', options.percent) }),
    within: seconds(options.within),
  };
  if (options.yes !== true) await confirm(context, await api.get(path, StatusReply), body);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const begun = await api.change(`${path}/drill`, { body, reply: DrillReply });
    const ended = await follow(context, api, { path, begun, signal: stop.signal });
    if (ended === null) {
      const broken = await api
        .post(`${path}/drill/end`, { ...said, reason: 'Ctrl-C' }, DrillReply)
        .catch(late);
      context.say([
        broken === null
          ? `${id}: the rollback goes on; \`tidegate drill --list ${id}\` shows what comes of it`
          : `${id}: ${drillLine(broken.drill)}`,
      ]);
      return INTERRUPTED;
    }
    context.tell(ended);
    context.say(drillPicture(ended, context.ink));
    return ended.passed === true ? 0 : 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** It was detected meanwhile: there is nothing left to break off. */
function late(error: unknown): null {
  if (isFailure(error) && ['NOT_WAITING', 'ROLLOUT_OVER'].includes(error.code)) return null;
  throw error;
}

/** The drill's end; null where somebody interrupts. A server that is away is waited for: the drill ends without this command. */
async function follow(
  context: Context,
  api: ApiClient,
  { path, begun, signal }: { path: string; begun: DrillReply; signal: AbortSignal },
): Promise<DrillRun | null> {
  const screen = new LiveScreen(process.stdout, context.ink);
  const giveUp = Date.now() + begun.drill.within * 1000 + PATIENCE_MS;
  let told = '';
  try {
    while (Date.now() < giveUp) {
      try {
        const { view, live } = await api.get(path, StatusReply);
        const { drill: run } = view;
        if (run?.id === begun.id && run.passed !== null) return run;
        if (!context.json) {
          const line = drillLine(run ?? begun.drill);
          if (line !== told) screen.note(`drill: ${line}`);
          told = line;
          screen.show([printable({ view, live })], Date.now());
        }
      } catch (error) {
        if (!isFailure(error) || !error.code.endsWith('_UNREACHABLE')) throw error;
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return null;
    }
  } finally {
    screen.close();
  }
  throw new Failure('SERVER_UNREACHABLE', 'Nobody says how the drill ended.', {
    details: ['the flag is mended by itself; `tidegate drill --list` shows the result'],
  });
}

async function confirm(
  context: Context,
  { view, live }: StatusReply,
  { percent = USUAL_PERCENT, errorRate, within }: { percent?: number; errorRate: number; within: number },
): Promise<void> {
  const users = live?.sample?.canary.users;
  const counted =
    users === undefined
      ? ''
      : `, about ${Math.ceil((users * percent) / 100)} of the ${users} users seen in it`;
  const segments = view.exposure.segments.length > 0 ? ` and of ${view.exposure.segments.join(', ')}` : '';
  const lines = [
    `${view.id} in ${view.environment}, stage ${view.stage ?? '-'}: the new path of ${view.flag} is broken on purpose`,
    `for ${percent} % of the canary's users (${touchedShare(view.exposure, percent)} % of everybody${segments})${counted},`,
    `in ${Math.round(errorRate * 100)} % of their requests, for ${within} s at the most. The rollout is then rolled back, and ends.`,
  ];
  if (!process.stdin.isTTY) throw new Failure('USAGE', 'Nobody can be asked: say --yes.', { details: lines });
  process.stderr.write(`${lines.join('\n')}\n`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question('Begin? [y/N] ').finally(() => asking.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('USAGE', 'Nothing was begun.');
}

async function list(context: Context, api: ApiClient, reference: string | undefined): Promise<number> {
  const queries =
    reference === undefined
      ? ['']
      : ['flag', 'rollout'].map((what) => `?${what}=${encodeURIComponent(reference)}`);
  const found = await Promise.all(queries.map((query) => api.get(`/drills${query}`, DrillsReply)));
  const drills = [
    ...new Map(found.flatMap((reply) => reply.drills.map((one) => [one.run.id, one]))).values(),
  ];
  context.tell({ drills });
  context.say(drillTable(printable(drills), context.page()));
  return 0;
}

function number(option: string, text: string): number {
  const value = Number(text.replace(/(%|ms)$/, ''));
  if (text.trim() === '' || !Number.isFinite(value))
    throw new Failure('USAGE', `${option} ${text} is no number.`);
  return value;
}

function seconds(text: string): number {
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new Failure('USAGE', `--within ${text} is no duration, such as 5m.`);
  return parsed.data;
}
