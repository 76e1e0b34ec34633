import { randomUUID } from 'node:crypto';
import { FAILURES, Failure, isFailure } from '../plans/failures.ts';
import type { PreflightReply, PreflightView } from './api/preflights.ts';
import type { ServerDeps } from './deps.ts';
import type { PreflightWanted } from './preflight-wanted.ts';

/** Each asks a Prometheus for weeks and plans for seconds. */
const AT_ONCE = 2;
/** How long, and how many, are kept for whoever asked. */
const KEPT_MS = 15 * 60_000;
const MOST_KEPT = 50;

interface Run {
  by: string;
  text: string;
  at: number;
  reply: PreflightReply;
}

export interface Preflights {
  /** Begins one for somebody. @throws Failure PREFLIGHT_BUSY */
  begin(by: string, wanted: Omit<PreflightWanted, 'told'>): PreflightReply;
  /** That of whoever began it. @throws Failure PREFLIGHT_UNKNOWN */
  read(by: string, id: string): PreflightReply;
}

/** Preflights that run beside the requests of this server, and what came of them. */
export function createPreflights({
  preflight,
  now,
  logger,
}: Pick<ServerDeps, 'preflight' | 'now' | 'logger'>): Preflights {
  const runs = new Map<string, Run>();

  function forget(): void {
    for (const [id, { at, reply }] of runs) {
      const over = reply.state !== 'running';
      if (over && (now() - at > KEPT_MS || runs.size > MOST_KEPT)) runs.delete(id);
    }
  }

  async function carry(run: Run, work: Promise<PreflightView>): Promise<void> {
    const { reply } = run;
    try {
      reply.report = await work;
      reply.state = 'done';
    } catch (error) {
      const failure = isFailure(error)
        ? error
        : new Failure('INTERNAL', 'The preflight ended early.', { cause: error });
      if (!isFailure(error)) logger.error({ err: error }, 'a preflight ended early');
      const { code, message: detail, details } = failure;
      const { status, hint } = FAILURES[code];
      reply.problem = { code, status, detail, details: [...details], hint };
      reply.state = 'failed';
    }
    run.at = now();
  }

  return {
    begin(by, wanted) {
      forget();
      const running = [...runs.values()].filter(({ reply }) => reply.state === 'running');
      const same = running.find((run) => run.by === by && run.text === wanted.text);
      if (same !== undefined) return same.reply;
      if (running.length >= AT_ONCE)
        throw new Failure('PREFLIGHT_BUSY', 'Other preflights still run on this server.');
      const id = randomUUID();
      const reply: PreflightReply = { id, state: 'running', done: 0, whole: 0, report: null, problem: null };
      const run = { by, text: wanted.text, at: now(), reply };
      runs.set(id, run);
      const told = (done: number, whole: number) => Object.assign(reply, { done, whole });
      void carry(run, preflight({ ...wanted, told }));
      return reply;
    },
    read(by, id) {
      forget();
      const run = runs.get(id);
      if (run === undefined || run.by !== by)
        throw new Failure('PREFLIGHT_UNKNOWN', 'This server knows no such preflight of yours.', {
          where: id,
        });
      return run.reply;
    },
  };
}
