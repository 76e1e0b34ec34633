import { createHash } from 'node:crypto';
import { FlagdCore } from '@openfeature/flagd-core';
import { isNobody } from '../plans/exposure.ts';
import type { SharedSegment } from '../plans/flag/segment.ts';
import type { FlagState, FlagTarget } from '../store/flag-contract.ts';
import { flagSet } from './definition.ts';
import type { Guard } from './guard.ts';
import type { EmergencyLatch } from './latches.ts';
import { allSegments, type KnownSegments, type Segments } from './segments.ts';
import { servedState } from './served.ts';
import { turnsOf } from './turns.ts';

/** The flags of one environment, or of one flag set in it, as clients get them. The same text always has the same version. */
export interface FlagDocument {
  /** flagd's flag definitions as JSON. */
  text: string;
  version: string;
  /** Of the flag that was written last, milliseconds since 1970 by the clock of PostgreSQL; 0 without flags. */
  changedAt: number;
  /** When evaluations change without a write, see `turns.ts`. */
  turns(): readonly number[] | null;
  evaluator(): FlagdCore;
}

/** Hears the environment whose document is a new one. `stops`: it takes a flag from everybody, and must not wait. */
export type DocumentListener = (environment: string, stops: boolean) => void;

/** Definitions in memory and what is served of them. Tells each change of a served document at once. */
export interface Catalogue {
  /** A revision older than the one held is ignored: a late answer never raises a flag again. */
  accept(states: readonly FlagState[]): void;
  /**
   * Before a reading begins: what is accepted while it runs may have come after what it sees. `replace` and `remove`
   * take this moment and leave such flags in place.
   */
  moment(): number;
  /** The same for all flags there are: flags that are not among them are gone. */
  replace(states: readonly FlagState[], readAt: number): void;
  remove(target: FlagTarget, readAt: number): void;
  /** The segments that flags share, all there are; with the next `accept` or `replace` where `quietly`. */
  share(segments: readonly SharedSegment[], quietly?: boolean): void;
  shared(): readonly SharedSegment[];
  /** The emergency latches to honour from now on, a kill before a lowering. */
  hold(latches: readonly EmergencyLatch[]): void;
  environments(): string[];
  /** The definition as PostgreSQL has it, or the last good one in the place of one that cannot be served. */
  definition(target: FlagTarget): FlagState | null;
  definitions(environment: string): FlagState[];
  /** What is served, latches applied. */
  served(environment: string): FlagState[];
  /** Of one flag set of the environment where it is named; that of a flag set which no flag names is empty. */
  document(environment: string, flagSet?: string | null): FlagDocument;
  subscribe(listener: DocumentListener): () => void;
}

/** `configured`: the segments of tidegate.yaml. */
export function createCatalogue(configured: Segments, guard: Guard): Catalogue {
  const states = new Map<string, Map<string, FlagState>>();
  /** When each state was accepted, counted in acceptances. */
  const acceptedAt = new WeakMap<FlagState, number>();
  let acceptances = 0;
  const documents = new Map<string, FlagDocument>();
  const parts = new Map<string, Parts>();
  const listeners = new Set<DocumentListener>();
  /** Flags whose canary nobody gets, or that a kill holds, by environment. */
  const stopped = new Map<string, ReadonlySet<string>>();
  /** What may be served of `states`; a flag that never was fit to be is not in it. */
  const fit = new Map<string, FlagState[]>();
  let held: readonly EmergencyLatch[] = [];
  let shared: readonly SharedSegment[] = [];
  let segments: KnownSegments = configured;

  function served(environment: string): FlagState[] {
    const latches = held.filter((latch) => latch.environment === environment);
    return (fit.get(environment) ?? []).map((state) =>
      servedState(
        state,
        latches.filter((latch) => latch.key === state.key),
      ),
    );
  }

  const raw = (environment: string) => [...(states.get(environment)?.values() ?? [])];

  const inForce = (state: FlagState) =>
    fit.get(state.environment)?.find(({ key }) => key === state.key) ?? state;

  /** Each definition in the light of all the others of its environment. */
  function judge(environments: Iterable<string>): void {
    for (const environment of new Set(environments)) {
      const readable = raw(environment).flatMap((state) => guard.readable(state) ?? []);
      const flags = new Map(readable.map((state) => [state.key, state]));
      const admitted = raw(environment).map((state) => guard.admit(state, { segments, flags }));
      fit.set(
        environment,
        admitted.filter((state) => state !== null),
      );
    }
    publish(environments);
  }

  function whole(environment: string): FlagDocument {
    return documents.get(environment) ?? documentOf(environment, [], segments);
  }

  /** Made when it is asked for, and the same one as long as its own flags are. */
  function part(environment: string, flagSet: string): FlagDocument {
    const of = whole(environment);
    const before = parts.get(environment);
    const now: Parts =
      before?.of === of ? before : { of, names: flagSetsOf(environment), documents: new Map() };
    if (!now.names.has(flagSet)) return documentOf(environment, [], segments, flagSet);
    parts.set(environment, now);
    const known = now.documents.get(flagSet);
    if (known !== undefined) return known;
    const last = before?.documents.get(flagSet);
    const next = documentOf(environment, served(environment), segments, flagSet);
    const document = last?.version === next.version ? last : next;
    now.documents.set(flagSet, document);
    return document;
  }

  function flagSetsOf(environment: string): ReadonlySet<string> {
    return new Set((fit.get(environment) ?? []).flatMap(({ spec }) => spec?.flagSet ?? []));
  }

  function publish(environments: Iterable<string>): void {
    for (const environment of new Set(environments)) {
      const flags = served(environment);
      const next = documentOf(environment, flags, segments);
      if (documents.get(environment)?.version === next.version) continue;
      documents.set(environment, next);
      const stops = stopsOne(environment, flags);
      for (const listener of listeners) listener(environment, stops);
    }
  }

  function stopsOne(environment: string, flags: readonly FlagState[]): boolean {
    const before = stopped.get(environment) ?? new Set();
    const now = flags.filter(({ latch, exposure }) => latch !== null || isNobody(exposure));
    stopped.set(environment, new Set(now.map(({ key }) => key)));
    return now.some(({ key }) => !before.has(key));
  }

  function put(state: FlagState): void {
    const flags = states.get(state.environment) ?? new Map<string, FlagState>();
    states.set(state.environment, flags);
    const present = flags.get(state.key);
    if (present !== undefined && present.revision > state.revision) return;
    acceptances += 1;
    acceptedAt.set(state, acceptances);
    flags.set(state.key, state);
  }

  /** True where the flag had been there already when the reading that lacks it began. */
  function drop({ environment, key }: FlagTarget, readAt: number): boolean {
    const flags = states.get(environment);
    const present = flags?.get(key);
    if (present === undefined || (acceptedAt.get(present) ?? 0) > readAt) return false;
    return flags?.delete(key) === true;
  }

  return {
    accept(next) {
      next.forEach(put);
      judge(next.map((state) => state.environment));
    },
    moment: () => acceptances,
    replace(next, readAt) {
      const listed = new Set(next.map(({ environment, key }) => JSON.stringify([environment, key])));
      for (const [environment, flags] of states) {
        for (const key of flags.keys()) {
          if (!listed.has(JSON.stringify([environment, key]))) drop({ environment, key }, readAt);
        }
      }
      next.forEach(put);
      judge([...states.keys()]);
    },
    remove(target, readAt) {
      if (drop(target, readAt)) judge([target.environment]);
    },
    share(next, quietly = false) {
      shared = next;
      segments = allSegments(configured, next);
      if (!quietly) judge([...states.keys()]);
    },
    shared: () => shared,
    hold(latches) {
      const touched = [...held, ...latches].map((latch) => latch.environment);
      held = latches;
      publish(touched.filter((environment) => states.has(environment)));
    },
    environments: () => [...states.keys()].sort(),
    definition({ environment, key }) {
      const state = states.get(environment)?.get(key);
      return state === undefined ? null : inForce(state);
    },
    definitions: (environment) => raw(environment).map(inForce),
    served,
    document: (environment, flagSet = null) =>
      flagSet === null ? whole(environment) : part(environment, flagSet),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The flag sets of one document of an environment, as far as somebody asked for them. */
interface Parts {
  of: FlagDocument;
  names: ReadonlySet<string>;
  documents: Map<string, FlagDocument>;
}

function documentOf(
  environment: string,
  states: FlagState[],
  segments: KnownSegments,
  named: string | null = null,
): FlagDocument {
  // What another platform serves is known here, for a kill without PostgreSQL, and not served twice.
  const own = states.filter(({ shape }) => shape.provider === undefined);
  const text = JSON.stringify(flagSet(environment, own, segments, named));
  const concerned = named === null ? states : own.filter(({ spec }) => spec?.flagSet === named);
  const version = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  let core: FlagdCore | undefined;
  let turns: readonly number[] | null | undefined;
  return {
    text,
    version,
    changedAt: concerned.reduce((last, { updatedAt }) => Math.max(last, updatedAt), 0),
    turns() {
      if (turns === undefined) turns = turnsOf(text);
      return turns;
    },
    evaluator() {
      if (core === undefined) {
        core = new FlagdCore();
        core.setConfigurations(text);
      }
      return core;
    },
  };
}
