import { Failure } from '../../plans/failures.ts';
import type { EvaluationVerdict } from '../../plans/flag/evaluations.ts';
import { type FlagFacts, type FlagFinding, lintFlags } from '../../plans/flag/lint.ts';
import { EvaluationsReply } from '../../server/api/evaluations.ts';
import { type FlagDetail, FlagDetails, HistoryReply } from '../../server/api/flags.ts';
import { ReferencesReply } from '../../server/api/references.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { printable } from '../render/ink.ts';
import { table } from '../render/list.ts';
import { originOf } from '../source-origin.ts';
import { type Reference, referencesIn } from '../source-references.ts';
import { type At, address } from './flag-definitions.ts';

export interface Windowed extends At {
  /** How far back evaluations are looked for. */
  window: string;
}

const GONE = new Set<string>(['FLAG-EXPIRED', 'FLAG-STALE', 'FLAG-NEVER-EVALUATED']);

/** Everything that a registry should not keep; 1 where there is any. With `source` also how often flags are asked for. */
export async function lint(
  context: Context,
  { source, ...options }: Windowed & { source?: string },
): Promise<number> {
  return report(context, await findings(context, { ...options, source }));
}

/** Only the flags that should be gone: expired, at 100 % for long, or evaluated by nobody. */
export async function stale(context: Context, options: Windowed): Promise<number> {
  const { found, notes } = await findings(context, { ...options, source: undefined });
  return report(context, { found: found.filter(({ rule }) => GONE.has(rule)), notes });
}

/** Who was seen to evaluate each flag, or the one named. */
export async function evaluations(
  context: Context,
  key: string | undefined,
  { environment, window }: Windowed,
): Promise<void> {
  const reply = await evaluationsOf(context, window);
  const flags = reply.flags.filter(
    (flag) =>
      (key === undefined || flag.key === key) &&
      (environment === undefined || flag.environment === environment),
  );
  if (key !== undefined && flags.length === 0)
    throw new Failure('FLAG_UNKNOWN', `There is no flag ${key} here.`);
  context.tell({ ...reply, flags });
  const rows = printable(flags).map((flag) => [
    flag.key,
    flag.environment,
    String(flag.ofrep),
    String(flag.bulk),
    verdictText(flag.verdict),
  ]);
  context.say(table(['flag', 'environment', 'OFREP', 'all flags at once', 'seen'], rows, context.page()));
}

function evaluationsOf(context: Context, window: string): Promise<EvaluationsReply> {
  return new ApiClient(context).get(`/evaluations?window=${encodeURIComponent(window)}`, EvaluationsReply);
}

function verdictText(verdict: EvaluationVerdict): string {
  switch (verdict.kind) {
    case 'seen':
      return `yes: ${verdict.by.join(', ')}`;
    case 'unseen':
      return `no: ${verdict.watched.join(', ')}`;
    case 'unknown':
      return `cannot be said: ${verdict.why}`;
  }
}

/** The flags that are retired wherever they are, as `tidegate/lint` reads them. */
export async function retired(context: Context, options: At): Promise<void> {
  const keys = await keysOf(context, undefined, { ...options, retired: true });
  context.tell({ retired: keys.toSorted() });
  context.say(keys.length === 0 ? ['no flag is retired'] : printable(keys.toSorted()));
}

export interface Searched extends At {
  source: string;
  retired?: boolean;
  none?: boolean;
  report?: boolean;
  repository?: string;
  commit?: string;
}

/**
 * Where the source names a flag, or all of them; with `retired` those alone that are retired. With `retired` or `none` 1 while
 * any remain. With `report` the server hears how many places there are, for the rollouts that wait for none.
 */
export async function references(
  context: Context,
  key: string | undefined,
  options: Searched,
): Promise<number> {
  const keys = options.retired === true || key === undefined ? await keysOf(context, key, options) : [key];
  const found = await referencesIn(options.source, keys);
  const reported = options.report === true ? await reportReferences(context, { keys, found, options }) : null;
  context.tell({ flags: keys, references: found, ...(reported === null ? {} : { reported }) });
  const lines = printable(found).map(({ file, line, flag, via, text }) => {
    return `${file}:${line}: ${flag}${via === null ? '' : ` (${via})`}  ${text}`;
  });
  context.say(lines.length === 0 ? [`nothing names ${keys.join(', ') || 'a flag'}`] : lines);
  if (reported !== null) {
    const { repository, commit } = reported;
    const at = commit === null ? '' : ` at ${commit.slice(0, 10)}`;
    context.say([
      `reported for ${repository}${at}: ${keys.length === 1 ? '1 flag' : `${keys.length} flags`}`,
    ]);
  }
  const wantsNone = options.retired === true || options.none === true;
  return wantsNone && found.length > 0 ? 1 : 0;
}

async function reportReferences(
  context: Context,
  { keys, found, options }: { keys: readonly string[]; found: readonly Reference[]; options: Searched },
): Promise<{ repository: string; commit: string | null }> {
  const origin = await originOf(options.source);
  const { repository = origin.repository, commit = origin.commit } = options;
  const { by } = await context.named();
  const api = new ApiClient(context);
  for (const key of keys) {
    const count = found.filter(({ flag }) => flag === key).length;
    const body = { ...(by === undefined ? {} : { by }), repository, commit, count };
    await api.post(`/flags/${encodeURIComponent(key)}/references`, body, ReferencesReply);
  }
  return { repository, commit };
}

async function keysOf(
  context: Context,
  key: string | undefined,
  { environment, retired }: At & { retired?: boolean },
): Promise<string[]> {
  const flags = await registry(context, environment);
  const named = flags.filter((flag) => key === undefined || flag.key === key);
  // Retired in one environment and in use in another: the code is still needed.
  const gone = (name: string) =>
    named.filter((flag) => flag.key === name).every(({ lifecycle }) => lifecycle === 'Retired');
  const keys = [...new Set(named.map((flag) => flag.key))];
  return retired === true ? keys.filter(gone) : keys;
}

async function registry(context: Context, environment: string | undefined): Promise<FlagDetail[]> {
  const { flags } = await new ApiClient(context).get('/registry', FlagDetails);
  return flags.filter((flag) => environment === undefined || flag.environment === environment);
}

interface Found {
  found: FlagFinding[];
  /** What could not be judged, and why. */
  notes: string[];
}

async function findings(
  context: Context,
  { environment, source, window }: Windowed & { source: string | undefined },
): Promise<Found> {
  const { flags: evaluated } = await evaluationsOf(context, window);
  const flags = await registry(context, environment);
  const keys = [...new Set(flags.map(({ key }) => key))];
  const found = source === undefined ? null : await referencesIn(source, keys);
  const facts: FlagFacts[] = [];
  for (const flag of flags) {
    const everybodySince = await sinceWhen(context, flag);
    const places = found?.filter((reference) => reference.flag === flag.key).length ?? null;
    const seen = evaluated.find((each) => each.key === flag.key && each.environment === flag.environment);
    facts.push({ ...flag, everybodySince, places, evaluations: seen?.verdict ?? null });
  }
  return { found: lintFlags(facts, Date.now()), notes: notesOf(facts) };
}

/** One line for each reason for which nobody can say whether flags are evaluated. */
function notesOf(facts: readonly FlagFacts[]): string[] {
  const whys = new Map<string, number>();
  for (const { evaluations: verdict, lifecycle } of facts) {
    if (verdict?.kind !== 'unknown' || lifecycle === 'Retired') continue;
    whys.set(verdict.why, (whys.get(verdict.why) ?? 0) + 1);
  }
  return [...whys].map(
    ([why, number]) =>
      `whether ${number === 1 ? 'a flag is' : `${number} flags are`} evaluated cannot be said: ${why}`,
  );
}

/** The first of the last revisions in a row that gave the canary to everybody. */
async function sinceWhen(context: Context, flag: FlagDetail): Promise<number | null> {
  if (flag.exposure.percent !== 100) return null;
  const path = address(flag.key, '/revisions', { environment: flag.environment });
  const { revisions } = await new ApiClient(context).get(path, HistoryReply);
  const below = revisions.findIndex(({ exposure }) => exposure.percent < 100);
  return revisions.at(below === -1 ? -1 : below - 1)?.at ?? flag.updatedAt;
}

function report(context: Context, { found, notes }: Found): number {
  context.tell({ ok: found.length === 0, findings: found, notes });
  const lines = printable(found).flatMap(({ rule, flag, environment, message, why, mend }) => [
    `${[flag, environment].filter((part) => part !== '').join(' in ')}: ${message}  [${rule}]`,
    `    ${why}`,
    `    ${mend}`,
  ]);
  context.say([...(lines.length === 0 ? ['nothing to mend'] : lines), ...printable(notes)]);
  return found.length === 0 ? 0 : 1;
}
