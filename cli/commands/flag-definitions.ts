import { Failure } from '../../plans/failures.ts';
import { findingText } from '../../plans/finding.ts';
import { contentsOf, textOf } from '../../plans/flag/contents.ts';
import { parseFlagFile } from '../../plans/flag/file.ts';
import { FlagDefinitionText } from '../../plans/flag/spec.ts';
import { ApplyReply, DiffReply, FlagDetail, HistoryReply, UndoReply } from '../../server/api/flags.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { flagText } from '../flag-file.ts';
import { differenceLines } from '../render/differences.ts';
import { renderDetail } from '../render/flag-detail.ts';
import { printable } from '../render/ink.ts';
import { table } from '../render/list.ts';
import { audience, relative } from '../render/words.ts';

export interface At {
  environment?: string;
}
export interface Why extends At {
  reason: string;
}

/** Options that say what a flag is, in the place of a file. */
export interface DefinitionOptions extends Why {
  file?: string;
  kind?: string;
  description?: string;
  owner?: string;
  purpose?: string;
  expires?: string;
  flagSet?: string;
  exclude?: string[];
  optIn?: string[];
  requires?: string[];
  baseline?: string;
  canary?: string;
  stickiness?: string;
  mode?: string;
  drill?: string;
}

export function address(
  key: string,
  verb: string,
  { environment }: At,
  more: Record<string, string> = {},
): string {
  const query = new URLSearchParams({
    ...(environment === undefined ? {} : { environment }),
    ...more,
  }).toString();
  return `/flags/${encodeURIComponent(key)}${verb}${query === '' ? '' : `?${query}`}`;
}

export async function show(context: Context, key: string, options: At): Promise<void> {
  const flag = await new ApiClient(context).get(address(key, '/definition', options), FlagDetail);
  context.tell(flag);
  context.say(renderDetail(printable(flag), context.page()));
}

/** Makes a flag, at nobody, from options or from a file that holds it alone. */
export async function create(context: Context, key: string, options: DefinitionOptions): Promise<void> {
  const definition = await definitionOf(key, options, { kind: 'boolean' });
  await define(context, key, { ...options, definition, create: true });
}

/** Changes what a flag is; what no option names stays. */
export async function edit(context: Context, key: string, options: DefinitionOptions): Promise<void> {
  const present = await new ApiClient(context).get(address(key, '/definition', options), FlagDetail);
  const before = present.definition ?? { kind: 'percentage' };
  await define(context, key, {
    environment: present.environment,
    reason: options.reason,
    definition: await definitionOf(key, options, before),
    create: false,
  });
}

async function define(
  context: Context,
  key: string,
  { definition, create, reason, ...at }: Why & { definition: FlagDefinitionText; create: boolean },
): Promise<void> {
  const body = { ...(await context.named()), reason, definition, create };
  const flag = await new ApiClient(context).change(address(key, '/definition', at), {
    body,
    reply: FlagDetail,
  });
  context.tell(flag);
  const where = `${flag.key} in ${flag.environment} (revision ${flag.revision})`;
  context.say([
    create ? `made: ${where}; it gives the canary to ${audience(flag.exposure)}` : `changed: ${where}`,
    ...owned(flag),
  ]);
}

async function definitionOf(
  key: string,
  options: DefinitionOptions,
  before: object,
): Promise<FlagDefinitionText> {
  if (options.file !== undefined) return fromFile(key, options.file);
  const { kind, description, owner, purpose, expires, baseline, canary, stickiness } = options;
  const { exclude, optIn, requires } = options;
  const needs = requires?.map((text) => {
    const [flag = '', variants = 'on'] = text.split('=', 2);
    return { flag, variants: variants.split(',') };
  });
  const said = {
    kind,
    description,
    owner,
    purpose,
    expires,
    baseline,
    canary,
    stickiness,
    exclude,
    optIn,
    requires: needs,
  };
  const named = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const merged: object = { ...before, ...named, ...undoable(options) };
  // What is undone leaves no trace: `none` is the same as never said.
  const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
  const parsed = FlagDefinitionText.safeParse(kept);
  if (parsed.success) return parsed.data;
  throw new Failure('FLAG_INVALID', `The options do not make a flag.`, {
    details: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  });
}

/** `--flag-set checkout`, `--mode shadow`, `--drill errorRate=0.2,latencyMs=300`; `none` takes each of them away. */
function undoable({ flagSet, mode, drill }: DefinitionOptions): object {
  const fields = (text: string) =>
    Object.fromEntries(
      text.split(',').map((pair) => {
        const [name = '', value = ''] = pair.split('=', 2);
        return [name.trim(), value.trim() === '' ? value : Number(value)];
      }),
    );
  return {
    ...(flagSet === undefined ? {} : { flagSet: flagSet === 'none' ? undefined : flagSet }),
    ...(mode === undefined ? {} : { mode: mode === 'none' ? undefined : mode }),
    ...(drill === undefined ? {} : { drill: drill === 'none' ? undefined : fields(drill) }),
  };
}

/** The definition of a file with one flag, or of the one with the key. */
async function fromFile(key: string, file: string): Promise<FlagDefinitionText> {
  const parsed = parseFlagFile(await flagText(file), file);
  if (parsed.kind === 'invalid') {
    const details = parsed.findings.map(findingText);
    throw new Failure('FLAG_INVALID', `${file} has errors.`, { where: file, details });
  }
  const entry = parsed.file.flags.find((flag) => flag.key === key);
  const text = entry === undefined ? null : textOf(contentsOf(entry));
  if (text !== null) return text;
  throw new Failure('FLAG_UNKNOWN', `${file} has no flag ${key}.`, { where: file });
}

export interface MoveOptions extends Why {
  percent?: number;
  segments?: string[];
  on?: boolean;
  off?: boolean;
}

export async function set(context: Context, key: string, options: MoveOptions): Promise<void> {
  const { percent, segments, reason } = options;
  const on = options.off === true ? false : options.on;
  const body = {
    ...(await context.named()),
    reason,
    ...(percent === undefined ? {} : { percent }),
    ...(segments === undefined ? {} : { segments }),
    ...(on === undefined ? {} : { on }),
  };
  const flag = await new ApiClient(context).change(address(key, '/exposure', options), {
    body,
    reply: FlagDetail,
  });
  context.tell(flag);
  context.say([
    `moved: ${flag.key} in ${flag.environment} gives the canary to ${audience(flag.exposure)} (revision ${flag.revision})`,
    ...(flag.live && flag.exposure.percent < 100 ? ['its rules apply'] : []),
    ...owned(flag),
  ]);
}

function owned({ rolloutId }: FlagDetail): string[] {
  return rolloutId === null
    ? []
    : [`${rolloutId} owns this flag: it sees a change of somebody else, pauses and tells`];
}

export async function history(context: Context, key: string, options: At): Promise<void> {
  const found = await new ApiClient(context).get(address(key, '/revisions', options), HistoryReply);
  context.tell(found);
  const page = context.page();
  const rows = printable(found).revisions.map(({ revision, at, author, exposure, reason, changes }) => [
    String(revision),
    relative(at, page.now),
    author,
    audience(exposure),
    reason,
    changes.map((change) => change.split(':', 1)[0]).join(', '),
  ]);
  context.say(table(['revision', 'when', 'who', 'exposure', 'why', 'what'], rows, page));
}

export async function diff(
  context: Context,
  key: string,
  { from, to, ...options }: At & { from: number; to: number | undefined },
): Promise<void> {
  const more = { from: String(from), ...(to === undefined ? {} : { to: String(to) }) };
  const found = await new ApiClient(context).get(address(key, '/diff', options, more), DiffReply);
  context.tell(found);
  context.say(differenceLines(printable(found).changes));
}

export async function undo(context: Context, key: string, options: Why & { to: number }): Promise<void> {
  const body = { ...(await context.named()), reason: options.reason, to: options.to };
  const { flag, kept } = await new ApiClient(context).change(address(key, '/undo', options), {
    body,
    reply: UndoReply,
  });
  context.tell({ flag, kept });
  context.say([
    `undone: ${flag.key} in ${flag.environment} is as it was at revision ${options.to} (now revision ${flag.revision})`,
    ...(kept === null
      ? []
      : [`its exposure is not raised: ${kept === 'owned' ? 'a rollout owns it' : 'a kill holds it'}`]),
  ]);
}

export async function apply(
  context: Context,
  file: string,
  options: { reason?: string; dryRun?: boolean },
): Promise<void> {
  const text = await flagText(file);
  const api = new ApiClient(context);
  const body = { ...(await context.named()), reason: options.reason ?? `apply ${file}`, text, file };
  const plan = await api.post('/flag-file', { ...body, dryRun: true }, ApplyReply);
  context.say(lines(printable(plan)));
  const changes = plan.items.some(({ action }) => action !== 'none');
  if (options.dryRun === true || !changes) {
    context.tell(plan);
    return;
  }
  const done = await api.change('/flag-file', { body: { ...body, dryRun: false }, reply: ApplyReply });
  context.tell(done);
  context.say(['applied']);
}

function lines({ items }: ApplyReply): string[] {
  const signs = { create: '+', change: '~', none: '=' } as const;
  return items.flatMap(({ kind, name, environment, action, changes, notes }) => [
    `${signs[action]} ${kind} ${name}${environment === null ? '' : ` in ${environment}`}${action === 'none' ? ': as it is' : ''}`,
    ...(action === 'change' ? changes.map((change) => `    ${change}`) : []),
    ...notes.map((note) => `    ${note}`),
  ]);
}
