import { type FlagFacts, type FlagFinding, lintFlags } from '../../plans/flag/lint.ts';
import { type FlagDetail, FlagDetails, HistoryReply } from '../../server/api/flags.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { printable } from '../render/ink.ts';
import { referencesIn } from '../source-references.ts';
import { type At, address } from './flag-definitions.ts';

/** Everything that a registry should not keep; 1 where there is any. With `source` also how often flags are asked for. */
export async function lint(
  context: Context,
  { source, environment }: At & { source?: string },
): Promise<number> {
  return report(context, await findings(context, { environment, source }));
}

/** Only the flags that should be gone: expired, or at 100 % for long. */
export async function stale(context: Context, { environment }: At): Promise<number> {
  const found = await findings(context, { environment, source: undefined });
  return report(
    context,
    found.filter(({ rule }) => rule === 'FLAG-EXPIRED' || rule === 'FLAG-STALE'),
  );
}

/** Where the source names a flag, or all of them; with `retired` those alone that are retired, and 1 while any remain. */
export async function references(
  context: Context,
  key: string | undefined,
  options: At & { source: string; retired?: boolean },
): Promise<number> {
  const keys = options.retired === true || key === undefined ? await keysOf(context, key, options) : [key];
  const found = await referencesIn(options.source, keys);
  context.tell({ flags: keys, references: found });
  const lines = printable(found).map(({ file, line, flag, via, text }) => {
    return `${file}:${line}: ${flag}${via === null ? '' : ` (${via})`}  ${text}`;
  });
  context.say(lines.length === 0 ? [`nothing names ${keys.join(', ') || 'a flag'}`] : lines);
  return options.retired === true && found.length > 0 ? 1 : 0;
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

async function findings(
  context: Context,
  { environment, source }: { environment: string | undefined; source: string | undefined },
): Promise<FlagFinding[]> {
  const flags = await registry(context, environment);
  const keys = [...new Set(flags.map(({ key }) => key))];
  const found = source === undefined ? null : await referencesIn(source, keys);
  const facts: FlagFacts[] = [];
  for (const flag of flags) {
    const everybodySince = await sinceWhen(context, flag);
    const places = found?.filter((reference) => reference.flag === flag.key).length ?? null;
    facts.push({ ...flag, everybodySince, places });
  }
  return lintFlags(facts, Date.now());
}

/** The first of the last revisions in a row that gave the canary to everybody. */
async function sinceWhen(context: Context, flag: FlagDetail): Promise<number | null> {
  if (flag.exposure.percent !== 100) return null;
  const path = address(flag.key, '/revisions', { environment: flag.environment });
  const { revisions } = await new ApiClient(context).get(path, HistoryReply);
  const below = revisions.findIndex(({ exposure }) => exposure.percent < 100);
  return revisions.at(below === -1 ? -1 : below - 1)?.at ?? flag.updatedAt;
}

function report(context: Context, found: FlagFinding[]): number {
  context.tell({ ok: found.length === 0, findings: found });
  const lines = printable(found).flatMap(({ rule, flag, environment, message, why, mend }) => [
    `${[flag, environment].filter((part) => part !== '').join(' in ')}: ${message}  [${rule}]`,
    `    ${why}`,
    `    ${mend}`,
  ]);
  context.say(lines.length === 0 ? ['nothing to mend'] : lines);
  return found.length === 0 ? 0 : 1;
}
