import { createHash } from 'node:crypto';
import { FlagdCore } from '@openfeature/flagd-core';
import type { FlagState, FlagTarget } from '../store/flag-contract.ts';
import { flagSet } from './definition.ts';
import type { EmergencyLatch } from './latches.ts';
import type { Segments } from './segments.ts';
import { servedState } from './served.ts';
import { turnsOf } from './turns.ts';

/** The flags of one environment as clients get them. The same text always has the same version. */
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

/** Definitions in memory and what is served of them. Tells each change of a served document at once. */
export interface Catalogue {
  /** A revision older than the one held is ignored: a late answer never raises a flag again. */
  accept(states: readonly FlagState[]): void;
  /** The same for all flags there are: flags that are not among them are gone. */
  replace(states: readonly FlagState[]): void;
  remove(target: FlagTarget): void;
  /** The emergency latches to honour from now on, a kill before a lowering. */
  hold(latches: readonly EmergencyLatch[]): void;
  environments(): string[];
  /** The definition as PostgreSQL has it. */
  definition(target: FlagTarget): FlagState | null;
  definitions(environment: string): FlagState[];
  /** What is served, latches applied. */
  served(environment: string): FlagState[];
  document(environment: string): FlagDocument;
  /** The listener hears the environment whose document is a new one. */
  subscribe(listener: (environment: string) => void): () => void;
}

export function createCatalogue(segments: Segments): Catalogue {
  const states = new Map<string, Map<string, FlagState>>();
  const documents = new Map<string, FlagDocument>();
  const listeners = new Set<(environment: string) => void>();
  let held: readonly EmergencyLatch[] = [];

  function served(environment: string): FlagState[] {
    const latches = held.filter((latch) => latch.environment === environment);
    return definitions(environment).map((state) =>
      servedState(
        state,
        latches.filter((latch) => latch.key === state.key),
      ),
    );
  }

  const definitions = (environment: string) => [...(states.get(environment)?.values() ?? [])];

  function publish(environments: Iterable<string>): void {
    for (const environment of new Set(environments)) {
      const next = documentOf(environment, served(environment), segments);
      if (documents.get(environment)?.version === next.version) continue;
      documents.set(environment, next);
      for (const listener of listeners) listener(environment);
    }
  }

  function put(state: FlagState): void {
    const flags = states.get(state.environment) ?? new Map<string, FlagState>();
    states.set(state.environment, flags);
    const present = flags.get(state.key);
    if (present === undefined || present.revision <= state.revision) flags.set(state.key, state);
  }

  return {
    accept(next) {
      next.forEach(put);
      publish(next.map((state) => state.environment));
    },
    replace(next) {
      const listed = new Set(next.map(({ environment, key }) => JSON.stringify([environment, key])));
      for (const [environment, flags] of states) {
        for (const key of flags.keys()) {
          if (!listed.has(JSON.stringify([environment, key]))) flags.delete(key);
        }
      }
      next.forEach(put);
      publish(states.keys());
    },
    remove({ environment, key }) {
      if (states.get(environment)?.delete(key) === true) publish([environment]);
    },
    hold(latches) {
      const touched = [...held, ...latches].map((latch) => latch.environment);
      held = latches;
      publish(touched.filter((environment) => states.has(environment)));
    },
    environments: () => [...states.keys()].sort(),
    definition: ({ environment, key }) => states.get(environment)?.get(key) ?? null,
    definitions,
    served,
    document: (environment) => documents.get(environment) ?? documentOf(environment, [], segments),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function documentOf(environment: string, states: FlagState[], segments: Segments): FlagDocument {
  // What another platform serves is known here, for a kill without PostgreSQL, and not served twice.
  const own = states.filter(({ shape }) => shape.provider === undefined);
  const text = JSON.stringify(flagSet(environment, own, segments));
  const version = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  let core: FlagdCore | undefined;
  let turns: readonly number[] | null | undefined;
  return {
    text,
    version,
    changedAt: states.reduce((last, { updatedAt }) => Math.max(last, updatedAt), 0),
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
