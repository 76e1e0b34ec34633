import { CancellationScope, isCancellation, log, patched, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type {
  ChecksRequest,
  ClaimRequest,
  Command,
  ExplainRequest,
  FollowRequest,
  GateRequest,
  LookRequest,
  RecordRequest,
  WriteRequest,
} from '../rollout/command.ts';
import type { RolloutEvent } from '../rollout/event.ts';
import { apart } from './led-by.ts';

/** Not local activities: beside updates those replay in another order (docs/decisions/0006-no-local-activities.md). */
const flags = proxyActivities<Activities>({
  startToCloseTimeout: '5 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '1 second', maximumAttempts: 3 },
});

/** Work that must not be lost and that nothing waits for. */
const records = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
});

/** A gate may watch for weeks; its heartbeat tells within seconds that its worker is gone. */
const gates = proxyActivities<Activities>({
  startToCloseTimeout: '3650 days',
  heartbeatTimeout: '10 seconds',
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1 },
});

/** An ended rollout waits for its explanation, and the flag's next one for it: not long. */
const readings = proxyActivities<Activities>({
  startToCloseTimeout: '15 seconds',
  scheduleToCloseTimeout: '20 seconds',
  retry: { maximumAttempts: 2 },
});

/** Seconds that looking for what must hold before the start may take. */
const PREPARATION = 60;

/** As long as the checks themselves may take, and a little for the way; a worker that is gone is known by its heartbeat. */
function checkers({ checks }: ChecksRequest) {
  const seconds = Math.max(
    PREPARATION,
    ...checks.map(({ timeout, retries }) => (timeout + 1) * (retries + 1)),
  );
  return proxyActivities<Activities>({
    startToCloseTimeout: (seconds + 5) * 1000,
    heartbeatTimeout: '10 seconds',
    cancellationType: 'TRY_CANCEL',
    retry: { initialInterval: '500 milliseconds', maximumAttempts: 2 },
  });
}

export interface Performer {
  perform(command: Command): void;
  stopWatching(): void;
  stopFollowing(): void;
  /** Nothing is out but the gate and the record that is being written. */
  quiet(): boolean;
  /** Nothing is out at all. */
  idle(): boolean;
  unrecorded(): RecordRequest[];
}

/** Carries commands into the world and their answers back, each as one event. */
export function createPerformer(
  dispatch: (event: RolloutEvent) => unknown,
  unrecorded: readonly RecordRequest[],
): Performer {
  let out = 0;
  let gate: CancellationScope | null = null;
  let checks: CancellationScope | null = null;
  let others: CancellationScope | null = null;
  const queue: RecordRequest[] = [...unrecorded];
  let recording = false;
  if (queue.length > 0) void drain();

  function run(work: () => Promise<void>): void {
    out += 1;
    // Work that was asked for is finished even when the rollout is being cancelled: a lowering must land.
    void CancellationScope.nonCancellable(work)
      .catch((error: unknown) => log.error('a command failed for good', { error: String(error) }))
      .finally(() => {
        out -= 1;
      });
  }

  async function drain(): Promise<void> {
    recording = true;
    while (queue[0] !== undefined) {
      await records.record(queue[0]);
      queue.shift();
    }
    recording = false;
  }

  async function claim(request: ClaimRequest): Promise<void> {
    dispatch(await answered(request.id, () => flags.claimFlag(request)));
  }

  async function write(request: WriteRequest): Promise<void> {
    dispatch(await answered(request.id, () => flags.writeFlag(request)));
  }

  async function explain(request: ExplainRequest): Promise<void> {
    try {
      dispatch(await readings.explain(request));
    } catch (error) {
      dispatch({ kind: 'unexplained', of: request.of, detail: causeText(error) });
    }
  }

  function watch(request: GateRequest): void {
    gate?.cancel();
    const scope = new CancellationScope();
    gate = scope;
    void apart(() =>
      scope
        .run(() => gates.watchGate(request))
        .then((report) => {
          if (gate === scope) dispatch({ kind: 'gate', gate: request.id, report });
        })
        .catch((error: unknown) => {
          if (!isCancellation(error)) log.error('the gate failed for good', { error: String(error) });
        }),
    );
  }

  /** In place of the gate: one of both watches. */
  function look(request: LookRequest): void {
    gate?.cancel();
    const scope = new CancellationScope();
    gate = scope;
    void apart(() =>
      scope
        .run(() => gates.lookAtFlag(request))
        .then((sight) => {
          if (gate === scope) dispatch({ kind: 'seen', look: request.id, sight });
        })
        .catch((error: unknown) => {
          if (!isCancellation(error))
            log.error('the look at the flag failed for good', { error: String(error) });
        }),
    );
  }

  function follow(request: FollowRequest): void {
    others?.cancel();
    const scope = new CancellationScope();
    others = scope;
    void apart(() =>
      scope
        .run(() => gates.followRequired(request))
        .then((sights) => {
          if (others === scope) dispatch({ kind: 'required', follow: request.id, sights });
        })
        .catch((error: unknown) => {
          if (!isCancellation(error))
            log.error('following other rollouts failed for good', { error: String(error) });
        }),
    );
  }

  /** Whoever needs the answer no more does not wait for it: it is let go with the gate. */
  function check(request: ChecksRequest): void {
    checks?.cancel();
    const scope = new CancellationScope();
    checks = scope;
    out += 1;
    void scope
      .run(() => checkers(request).runChecks(request))
      .catch((error: unknown): RolloutEvent | null =>
        isCancellation(error) ? null : { kind: 'unchecked', run: request.run, detail: causeText(error) },
      )
      .then((event) => {
        if (event !== null && checks === scope) dispatch(event);
      })
      .finally(() => {
        out -= 1;
      });
  }

  function stopWatching(): void {
    gate?.cancel();
    gate = null;
  }

  function stopFollowing(): void {
    others?.cancel();
    others = null;
  }

  function stopChecking(): void {
    checks?.cancel();
    checks = null;
  }

  function perform(command: Command): void {
    switch (command.kind) {
      case 'claim':
        run(() => claim(command.request));
        return;
      case 'write':
        run(() => write(command.request));
        return;
      case 'release':
        run(() => records.releaseFlag(command));
        return;
      case 'watch':
        watch(command.request);
        return;
      case 'look':
        look(command.request);
        return;
      case 'check':
        check(command.request);
        return;
      case 'unwatch':
        stopWatching();
        stopChecking();
        return;
      case 'explain':
        // Histories of before there were explanations have none, and later ones none of values.
        if (patched(command.request.inquiry.values === true ? 'explain-values' : 'explain'))
          run(() => explain(command.request));
        return;
      case 'follow':
        // Histories of before plans that only watch followed others have none.
        if (command.request.watching === true && !patched('follow-watching')) return;
        follow(command.request);
        return;
      case 'unfollow':
        stopFollowing();
        return;
      case 'peers':
        // Histories of before this was asked for people alone have none.
        if (command.beside === true && !patched('peers-beside')) return;
        run(async () => {
          const found = await records.findPeers(command);
          dispatch(Array.isArray(found) ? { kind: 'peers', older: found } : { kind: 'peers', ...found });
        });
        return;
      case 'save-plan':
        run(() => records.savePlan(command.revision));
        return;
      case 'afterword':
        run(() => records.afterword(command.request));
        return;
      case 'record':
        queue.push(command.request);
        if (!recording) void drain();
        return;
    }
  }

  return {
    perform,
    stopWatching,
    stopFollowing,
    quiet: () => out === 0,
    idle: () => out === 0 && !recording && queue.length === 0,
    unrecorded: () => [...queue],
  };
}

async function answered(id: number, call: () => Promise<RolloutEvent>): Promise<RolloutEvent> {
  try {
    return await call();
  } catch (error) {
    return { kind: 'write-failed', id, detail: causeText(error) };
  }
}

/** The innermost message: Temporal wraps an activity's failure in its own. */
function causeText(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}
