import { isFailure } from '../plans/failures.ts';
import type { SharedSegment } from '../plans/flag/segment.ts';
import type { FlagNotice, FlagState, FlagStore, FlagTarget } from '../store/flag-contract.ts';
import { FLAGS_CHANNEL } from '../store/flag-contract.ts';
import { listen } from '../store/listen.ts';
import { carryOver } from './carry-over.ts';
import { createCatalogue, type DocumentListener, type FlagDocument } from './catalogue.ts';
import { endingDrills } from './drill-end.ts';
import { createGuard, type Refusal } from './guard.ts';
import { watchLatches } from './latch-watch.ts';
import { type EmergencyLatch, type Latches, openLatches } from './latches.ts';
import { createRefresher } from './refresher.ts';
import { loadSegments, saveSegments } from './segment-file.ts';
import type { Segments } from './segments.ts';
import { loadSnapshots } from './snapshot.ts';
import { createSnapshotWriter } from './snapshot-writer.ts';

/** The part of a pino logger that the flag service needs. */
export interface FlagLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

export interface FlagServiceOptions {
  /** Null: no PostgreSQL at all, only what is on disk. */
  flagStore: FlagStore | null;
  /** Of the same PostgreSQL, for the notices of changes; null: the poll alone follows it. */
  databaseUrl: string | null;
  dataDir: string;
  segments: Segments;
  log: FlagLog;
  /** How often everything is read again in case a notice was lost. Default 15 s. */
  pollMs?: number;
}

/** Where the definitions that are served come from, and whether changes of PostgreSQL arrive. */
export interface FlagServiceStatus {
  source: 'postgres' | 'disk' | 'nothing';
  /** False while PostgreSQL is away: what was delivered last goes on being served. */
  following: boolean;
  /** Flags that an emergency latch holds and PostgreSQL has not heard of. */
  latched: FlagTarget[];
}

/** Flag definitions in memory, kept like PostgreSQL's and served on while it is away. */
export interface FlagService {
  readonly latches: Latches;
  /** False until there is anything to serve: neither PostgreSQL nor the disk has given definitions yet. */
  ready(): boolean;
  status(): FlagServiceStatus;
  environments(): string[];
  /** What is served, latches applied. */
  flags(environment: string): FlagState[];
  document(environment: string, flagSet?: string | null): FlagDocument;
  /** Definitions that cannot be served; the last good ones are, where there were such. */
  refusals(): Refusal[];
  /** Segments that flags share, beside those of tidegate.yaml. */
  segments(): readonly SharedSegment[];
  /** The definition that PostgreSQL (or the disk) gave last. */
  definition(target: FlagTarget): FlagState | null;
  /** Takes a newer state at once, without waiting for the notice. */
  accept(state: FlagState): void;
  /** Honours an order in this process from this moment, before any file or database knows it, until `release`. */
  impose(order: EmergencyLatch): { release(): Promise<void> };
  subscribe(listener: DocumentListener): () => void;
  stop(): Promise<void>;
}

const SAFETY_POLL_MS = 15_000;
const CARRY_RETRY_MS = 1000;

/**
 * Starts serving: from PostgreSQL if it answers, else from the definitions on disk, else nothing yet; and goes on
 * trying. Never serves a flag at an older revision than it has served, and never more than an emergency latch allows.
 */
export async function startFlagService(options: FlagServiceOptions): Promise<FlagService> {
  const { flagStore, databaseUrl, dataDir, segments, log } = options;
  const guard = createGuard((refusal) =>
    log.warn(refusal, 'a flag definition cannot be served; the last good one is'),
  );
  const { catalogue, stop: stopDrills } = endingDrills(createCatalogue(segments, guard));
  const latches = openLatches(dataDir);
  const snapshots = createSnapshotWriter(dataDir, log);
  const imposed = new Set<EmergencyLatch>();
  let onDisk: readonly EmergencyLatch[] = [];
  /** Latches whose file is gone: they hold until the store's answer to a question asked afterwards is in force. */
  const leaving = new Set<EmergencyLatch>();
  let source: FlagServiceStatus['source'] = 'nothing';
  let following = false;
  let carrying: Promise<void> | null = null;
  let keeping: Promise<void> = Promise.resolve();

  const honour = () =>
    catalogue.hold(
      [...imposed, ...onDisk, ...leaving].sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0)),
    );

  async function load(store: FlagStore, target: FlagTarget | null): Promise<void> {
    const readAt = catalogue.moment();
    const settled = [...leaving].filter((latch) => target === null || sameTarget(latch, target));
    if (target === null) {
      const shared = await store.segments();
      const states = await store.list();
      catalogue.share(shared, true);
      keepSegments(shared);
      const before = catalogue.environments();
      catalogue.replace(states, readAt);
      source = 'postgres';
      for (const environment of new Set([...before, ...catalogue.environments()])) save(environment);
    } else {
      const state = await store.read(target);
      if (state === null) catalogue.remove(target, readAt);
      else catalogue.accept([state]);
      save(target.environment);
    }
    for (const latch of settled) leaving.delete(latch);
    if (settled.length > 0) honour();
  }

  const keepSegments = (shared: readonly SharedSegment[]) => {
    keeping = keeping
      .then(() => saveSegments(dataDir, shared))
      .catch((error: unknown) => log.warn({ err: error }, 'segments cannot be kept on disk'));
  };

  const save = (environment: string) => snapshots.save(environment, catalogue.definitions(environment));

  const refresher = createRefresher({
    load: (target) => (flagStore === null ? Promise.resolve() : load(flagStore, target)),
    pollMs: options.pollMs ?? SAFETY_POLL_MS,
    onUp() {
      following = true;
      log.info({ environments: catalogue.environments() }, 'flags follow PostgreSQL');
      carry();
    },
    onDown(error) {
      following = false;
      log.warn({ err: error }, 'flags: PostgreSQL is away, the last definitions go on being served');
    },
  });

  /** Tells PostgreSQL of the latches on disk, as soon as it answers. */
  function carry(): void {
    if (flagStore === null || !following || onDisk.length === 0) return;
    carrying ??= carryAll(flagStore).finally(() => {
      carrying = null;
    });
  }

  async function carryAll(store: FlagStore): Promise<void> {
    for (const { environment, key } of onDisk) {
      try {
        const state = await carryOver(latches, store, { environment, key });
        if (state === null) continue;
        catalogue.accept([state]);
        save(environment);
        log.info(
          { environment, flag: key, exposure: state.exposure },
          'emergency latch carried over to PostgreSQL',
        );
      } catch (error) {
        log.warn({ err: error, environment, flag: key }, 'emergency latch could not be carried over');
        if (isFailure(error) && error.code === 'POSTGRES_UNREACHABLE') return refresher.refresh();
      }
    }
  }

  const watching = await watchLatches(
    latches,
    (found) => {
      const ids = new Set(found.map((latch) => latch.id));
      const gone = onDisk.filter((latch) => !ids.has(latch.id));
      onDisk = found;
      if (flagStore !== null) for (const latch of gone) leaving.add(latch);
      honour();
      if (flagStore !== null)
        for (const { environment, key } of gone) refresher.refresh({ environment, key });
      carry();
    },
    (error) => log.warn({ err: error }, 'flags: the folder of emergency latches cannot be read'),
  );
  const carryTimer = setInterval(carry, CARRY_RETRY_MS);

  const listener =
    databaseUrl === null || flagStore === null
      ? null
      : listen(
          databaseUrl,
          FLAGS_CHANNEL,
          (payload) => {
            const notice = noticeOf(payload);
            if (notice === null) return refresher.refresh();
            if (!isNews(notice, catalogue.definition(notice))) return;
            if (notice.stops === true) refresher.rush(notice);
            else refresher.refresh(notice);
          },
          () => refresher.refresh(),
        );

  const kept = await loadSnapshots(dataDir, (file) =>
    log.warn({ file }, 'flag definitions on disk cannot be read'),
  );
  guard.remember(kept);
  if (flagStore !== null) {
    refresher.refresh();
    await refresher.first();
  }
  // Only now: what is on disk may be older than what other services have served, and PostgreSQL is the newer word.
  if (source === 'nothing') {
    const shared = await loadSegments(dataDir);
    if (!answered() && kept.length > 0) {
      catalogue.share(shared, true);
      catalogue.accept(kept);
      source = 'disk';
    }
  }

  function answered(): boolean {
    return source === 'postgres';
  }

  return {
    latches,
    ready: () => source !== 'nothing',
    status: () => ({
      source,
      following,
      latched: [...imposed, ...onDisk].map(({ environment, key }) => ({ environment, key })),
    }),
    environments: () => catalogue.environments(),
    flags: (environment) => catalogue.served(environment),
    document: (environment, flagSet) => catalogue.document(environment, flagSet),
    refusals: () => guard.refusals(),
    segments: () => catalogue.shared(),
    definition: (target) => catalogue.definition(target),
    accept(state) {
      catalogue.accept([state]);
      save(state.environment);
    },
    impose(order) {
      imposed.add(order);
      honour();
      return {
        async release() {
          await watching.rescan();
          imposed.delete(order);
          honour();
        },
      };
    },
    subscribe: (listener) => catalogue.subscribe(listener),
    async stop() {
      clearInterval(carryTimer);
      stopDrills();
      watching.stop();
      await Promise.all([listener?.stop(), refresher.stop()]);
      await Promise.all([carrying, keeping]);
      await snapshots.stop();
    },
  };
}

function sameTarget(a: FlagTarget, b: FlagTarget): boolean {
  return a.environment === b.environment && a.key === b.key;
}

/** A renewed lease and a drill are no new revision, and news all the same. */
function isNews({ revision, lease, drill }: FlagNotice, held: FlagState | null): boolean {
  if (held === null || held.revision < revision) return true;
  if (held.revision > revision) return false;
  return (held.lease?.until ?? null) !== (lease ?? null) || (held.drill?.id ?? null) !== (drill ?? null);
}

/** Null for a notice that this version does not understand: then everything is read again. */
function noticeOf(payload: string): FlagNotice | null {
  try {
    const notice: unknown = JSON.parse(payload);
    if (typeof notice !== 'object' || notice === null) return null;
    const { environment, key, revision, lease, drill, stops } = {
      environment: null,
      key: null,
      revision: null,
      lease: undefined,
      drill: undefined,
      stops: undefined,
      ...notice,
    };
    if (typeof environment !== 'string' || typeof key !== 'string' || typeof revision !== 'number')
      return null;
    return {
      environment,
      key,
      revision,
      ...(typeof lease === 'number' ? { lease } : {}),
      ...(typeof drill === 'string' ? { drill } : {}),
      ...(stops === true ? { stops } : {}),
    };
  } catch {
    return null;
  }
}
