import { isNobody, NO_EXPOSURE } from '../../plans/exposure.ts';
import { Failure, isFailure } from '../../plans/failures.ts';
import { findingText } from '../../plans/finding.ts';
import { contentsOf, textOf } from '../../plans/flag/contents.ts';
import { type Difference, differences, differenceText } from '../../plans/flag/difference.ts';
import { type FlagFile, parseFlagFile } from '../../plans/flag/file.ts';
import type { FlagEntry } from '../../plans/flag/spec.ts';
import type { FlagState, FlagTarget } from '../../store/flag-contract.ts';
import { sameService } from '../../store/flag-edits.ts';
import type { By, FlagRegistry } from '../../store/registry-contract.ts';
import type { ApplyReply } from '../api/flags.ts';
import type { ServerDeps } from '../deps.ts';
import { refuseUnfit } from './fit.ts';

type Item = ApplyReply['items'][number];
interface ApplyWish {
  text: string;
  file: string;
  dryRun: boolean;
  /** Throws where the sender may not change a flag; null: a segment, which concerns every flag. */
  mayChange: (target: FlagTarget | null) => void;
}
type ApplyDeps = Pick<ServerDeps, 'registry' | 'flagService' | 'segments'>;

/**
 * Brings flags and segments to what a file says, those alone that the file names, and says what that changes; a second
 * time it changes nothing. All of it or nothing: `FLAG_INVALID` comes with every place of the file, `NOT_SUPPORTED` with every flag of
 * another platform, and what the store refuses (`FLAG_OWNED`, `FLAG_LATCHED`, `SEGMENT_INVALID`) names where the file wants it.
 */
export async function applyFile(
  deps: ApplyDeps,
  { text, file, dryRun, mayChange }: ApplyWish,
  by: By,
): Promise<ApplyReply> {
  const parsed = parseFlagFile(text, file);
  if (parsed.kind === 'invalid') {
    const details = parsed.findings.map(findingText);
    throw new Failure('FLAG_INVALID', `${file} has errors.`, { where: file, details });
  }
  const wanted = placed(parsed.file);
  if (parsed.file.segments.length > 0) mayChange(null);
  for (const { target } of wanted) mayChange(target);
  await refuseUnfit(deps, wanted, parsed.file.segments);
  await refuseElsewhere(deps, wanted);
  const carryOut = (registry: FlagRegistry) => carriedOut(registry, parsed.file, { file, dryRun, by });
  const items = dryRun ? await carryOut(deps.registry) : await deps.registry.together(carryOut);
  return { applied: !dryRun, items };
}

async function carriedOut(
  registry: FlagRegistry,
  { segments, flags }: FlagFile,
  { file, dryRun, by }: { file: string; dryRun: boolean; by: By },
): Promise<Item[]> {
  const items: Item[] = [];
  for (const [index, spec] of segments.entries()) {
    const present = (await registry.segments()).find(({ name }) => name === spec.name);
    const { joined: _joined, left: _left, ...before } = present ?? { joined: [], left: [] };
    const changes = differences(present === undefined ? {} : before, spec);
    if (!dryRun && changes.length > 0)
      await registry.putSegment(spec, by).catch(refusedAt(`segments[${index}]`, file));
    items.push(item({ kind: 'segment', name: spec.name, environment: null }, present !== undefined, changes));
  }
  for (const { entry, environment } of inOrder(flags)) {
    const wish = { target: { environment, key: entry.key }, entry, dryRun };
    const refused = refusedAt(`flags[${flags.indexOf(entry)}]`, file);
    items.push(await applyFlag(registry, wish, by).catch(refused));
  }
  return items;
}

/** A lost connection says nothing of what became of the transaction: applying again finds out. */
function refusedAt(place: string, file: string): (error: unknown) => never {
  return (error) => {
    if (!isFailure(error) || error.code === 'POSTGRES_UNREACHABLE') throw error;
    const { code, message, details } = error;
    throw new Failure(code, `${message} None of ${file} was applied.`, {
      where: `${file}, ${place}`,
      details,
      cause: error,
    });
  };
}

async function applyFlag(
  registry: FlagRegistry,
  { target, entry, dryRun }: { target: FlagTarget; entry: FlagEntry; dryRun: boolean },
  by: By,
): Promise<Item> {
  const present = await registry.read(target);
  const contents = contentsOf(entry);
  const changes = differences(present === null ? {} : (textOf(present) ?? {}), textOf(contents));
  const { to, notes } = exposureOf(entry, present);
  if (to !== null) changes.push({ path: 'exposure', before: shown(present), after: to.exposure.percent });
  if (!dryRun && changes.length > 0) {
    const flag = await registry.put(target, { ...contents, create: false }, by);
    if (to !== null) await registry.move(flag, to, by);
  }
  const at = { kind: 'flag' as const, name: target.key, environment: target.environment };
  return { ...item(at, present !== null, changes), notes };
}

/**
 * A platform's flags are changed here in what they are for people, and in nothing else. Said of all of the file before any of it
 * is carried out. @throws Failure NOT_SUPPORTED
 */
async function refuseElsewhere(
  { registry }: Pick<ServerDeps, 'registry'>,
  wanted: ReturnType<typeof placed>,
): Promise<void> {
  const details: string[] = [];
  for (const { target, entry, contents, place } of wanted) {
    const present = await registry.read(target);
    if (present?.shape.provider === undefined) continue;
    const where = `${place} (${target.key} in ${target.environment})`;
    const { provider } = present.shape;
    if (!sameService(present, contents))
      details.push(
        `${where}: "${provider}" serves it, and is not told of its definition. Instead: description, owner, purpose and expires alone`,
      );
    if (exposureOf(entry, present).to !== null)
      details.push(
        `${where}: "${provider}" serves it, at ${shown(present)} %. Instead: take out \`percent\` and \`on\`, and move it there or by a rollout`,
      );
  }
  if (details.length === 0) return;
  throw new Failure(
    'NOT_SUPPORTED',
    'The file changes flags that other platforms serve: none of it was applied.',
    {
      details,
    },
  );
}

/** Where the file puts the exposure; null where it stays. A rollout's and a killed flag's are nobody else's. */
function exposureOf(
  { percent, on, kind }: FlagEntry,
  present: FlagState | null,
): { to: Parameters<ServerDeps['registry']['move']>[1] | null; notes: string[] } {
  if (percent === undefined && on === undefined) return { to: null, notes: [] };
  const everyone = kind === 'boolean' || kind === 'percentage' || kind === 'multivariate' ? 100 : 0;
  const wanted = on === false ? 0 : (percent ?? everyone);
  const exposure = {
    ...(present?.exposure ?? NO_EXPOSURE),
    percent: wanted,
    ...(on === false ? { segments: [] } : {}),
  };
  const live = on ?? !isNobody(exposure);
  const same = present?.exposure.percent === wanted && present.live === live;
  if (same || (present === null && wanted === 0 && !live)) return { to: null, notes: [] };
  if (present?.rolloutId != null)
    return { to: null, notes: [`${present.rolloutId} moves its exposure: it stays at ${shown(present)} %`] };
  if (present?.latch != null)
    return { to: null, notes: [`${present.latch.by} killed it: its exposure stays`] };
  return { to: { exposure, live }, notes: [] };
}

function shown(flag: FlagState | null): number {
  return flag?.exposure.percent ?? 0;
}

function item(at: Pick<Item, 'kind' | 'name' | 'environment'>, there: boolean, changes: Difference[]): Item {
  const action = changes.length === 0 ? 'none' : there ? 'change' : 'create';
  return { ...at, action, changes: changes.map(differenceText), notes: [] };
}

/** Each flag after those of the file that it needs. A circle keeps the order of the file, and is refused later. */
function inOrder(flags: readonly FlagEntry[]): { entry: FlagEntry; environment: string }[] {
  const byKey = new Map(flags.map((entry) => [entry.key, entry]));
  const placed = new Set<string>();
  const ordered: FlagEntry[] = [];
  const place = (entry: FlagEntry) => {
    if (placed.has(entry.key)) return;
    placed.add(entry.key);
    for (const { flag } of entry.requires) {
      const needed = byKey.get(flag);
      if (needed !== undefined) place(needed);
    }
    ordered.push(entry);
  };
  flags.forEach(place);
  return ordered.flatMap((entry) => entry.environments.map((environment) => ({ entry, environment })));
}

/** The flags of a file with their places in it. */
function placed({ flags }: FlagFile) {
  return flags.flatMap((entry, index) =>
    entry.environments.map((environment) => ({
      target: { environment, key: entry.key },
      entry,
      contents: contentsOf(entry),
      place: `flags[${index}]`,
    })),
  );
}
