import { within } from '../../flags/deadline.ts';
import type { ServerDeps } from '../deps.ts';
import { Click } from './slack-click.ts';
import { decideByClick } from './slack-decision.ts';

/** Slack shows an error after three seconds: within it a click is stored and a replay is told, if PostgreSQL can. */
const PATIENCE_MS = 1_500;
/** Longer than a decision and its answer take. */
const LEASE_MS = 30_000;
const LOOK_EVERY_MS = 5_000;
/** So long Slack takes answers (docs.slack.dev/interactivity/handling-user-interaction): later nobody could be told what came of it. */
const LATEST_MS = 30 * 60_000;

const SOURCE = 'slack';

export interface Clicks {
  /** Stores a click, and has it carried out after the answer to Slack; false: it was taken before. */
  take(id: string, click: Click): Promise<boolean>;
  start(): void;
  stop(): Promise<void>;
}

/**
 * Buttons that people have pressed. Each is stored before Slack is answered, so that one whose server dies is carried out by
 * another, or by the same when it is back. The id goes along: Temporal carries out one decision of an id.
 */
export function createClicks(deps: ServerDeps): Clicks {
  const { inbound } = deps;
  const log = deps.logger.child({ part: 'slack' });
  const working = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;

  async function carryOut(id: string, click: Click): Promise<void> {
    await decideByClick(deps, click, id);
    await inbound
      .finish(SOURCE, id)
      .catch((error: unknown) => log.warn({ err: error }, 'a click that is done could not be noted as such'));
  }

  function work(doing: Promise<void>): void {
    const done = doing.finally(() => working.delete(done));
    working.add(done);
  }

  /** What others have left, at most half an hour late. */
  async function lookForLeft(): Promise<void> {
    for (;;) {
      const left = await inbound.left(SOURCE, LEASE_MS);
      if (left === null) return;
      const { id, work: stored, at } = left;
      const click = Click.safeParse(stored);
      if (click.success && deps.now() - at < LATEST_MS) {
        log.info(
          { rollout: click.data.rollout, action: click.data.action },
          'a click that was left is taken up',
        );
        await carryOut(id, click.data);
      } else {
        log.warn({ id, at }, 'a click was found too late to be carried out');
        await inbound.finish(SOURCE, id);
      }
    }
  }

  return {
    async take(id, click) {
      const todo = { work: click, leaseMs: LEASE_MS };
      const first = await within(PATIENCE_MS, inbound.take(SOURCE, id, todo)).catch(() => null);
      if (first === false) return false;
      // Without PostgreSQL no decision is possible either, and whoever pressed the button is told that.
      work(carryOut(id, click));
      return true;
    },

    start() {
      let looking = false;
      const look = () => {
        if (looking) return;
        looking = true;
        const done = lookForLeft()
          .catch((error: unknown) => log.debug({ err: error }, 'clicks cannot be looked for'))
          .finally(() => {
            looking = false;
          });
        work(done);
      };
      timer = setInterval(look, LOOK_EVERY_MS);
      look();
    },

    async stop() {
      clearInterval(timer);
      await Promise.all(working);
    },
  };
}
