import { access } from 'node:fs/promises';
import { Failure } from '../../plans/failures.ts';
import { differenceOf, nearChanges } from '../../plans/text-difference.ts';
import { CheckReply, PlanComparisonReply, type PlanDifference } from '../../server/api/plans.ts';
import { PlanReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { rolloutId } from '../reference.ts';
import { type Ink, printable } from '../render/ink.ts';

/** The check of a large plan among many rollouts. */
const PATIENCE_MS = 30_000;

export interface DiffOptions {
  /** A plan's file, or a rollout. */
  what: string;
  /** Another rollout; undefined: the flag's last one. */
  against: string | undefined;
  /** Its lines, too. */
  text?: boolean;
}

interface Compared {
  name: string;
  against: string | null;
  differences: PlanDifference[];
  /** Both plans as they were written; null: there is no other. */
  texts: { before: string; after: string } | null;
}

/** What a plan changes in that of the flag's last rollout, or of another one. */
export async function diff(context: Context, options: DiffOptions): Promise<void> {
  const api = new ApiClient(context);
  const against = options.against === undefined ? undefined : await rolloutId(api, options.against);
  const compared = (await isFile(options.what))
    ? await ofFile(api, options.what, against)
    : await ofRollout(api, options.what, against);
  const { name, differences, texts } = compared;
  context.tell({ plan: name, against: compared.against, differences });
  const lines = texts === null || options.text !== true ? [] : textLines(texts, context.ink);
  context.say(
    printable([
      compared.against === null
        ? `${name}: the flag had no rollout before`
        : `${name} against ${compared.against}: ${differences.length === 0 ? 'no difference' : `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`}`,
    ])
      .concat(printable(differences).map((one) => changeLine(one, context.ink)))
      .concat(lines.length === 0 ? [] : ['', ...lines]),
  );
}

async function ofFile(api: ApiClient, file: string, against: string | undefined): Promise<Compared> {
  const text = await planText(file);
  const body = { text, file, ...(against === undefined ? {} : { against }) };
  const { ok, errors, last } = await api.ask('/plans/check', {
    body,
    reply: CheckReply,
    timeoutMs: PATIENCE_MS,
  });
  if (!ok) throw new Failure('PLAN_INVALID', `${file} has errors.`, { where: file, details: errors });
  if (last === null) return { name: file, against: null, differences: [], texts: null };
  const before = await api.get(`/rollouts/${encodeURIComponent(last.id)}/plan`, PlanReply);
  return {
    name: file,
    against: last.id,
    differences: last.differences,
    texts: { before: before.text, after: text },
  };
}

async function ofRollout(api: ApiClient, what: string, against: string | undefined): Promise<Compared> {
  const id = await rolloutId(api, what);
  const query = against === undefined ? '' : `?${new URLSearchParams({ against }).toString()}`;
  const path = `/rollouts/${encodeURIComponent(id)}/plan/difference${query}`;
  const { before, text, differences } = await api.get(path, PlanComparisonReply);
  return {
    name: id,
    against: before?.id ?? null,
    differences,
    texts: before === null ? null : { before: before.text, after: text },
  };
}

async function isFile(what: string): Promise<boolean> {
  if (what === '-') return true;
  return access(what).then(
    () => true,
    () => /[/\\]|\.ya?ml$/.test(what),
  );
}

function changeLine({ text, loosens }: PlanDifference, ink: Ink): string {
  return `  ${text}${loosens ? `  ${ink('warn', 'loosens')}` : ''}`;
}

function textLines({ before, after }: { before: string; after: string }, ink: Ink): string[] {
  return nearChanges(differenceOf(before, after)).map((line) => {
    if (line === null) return ink('dim', '  ...');
    const text = printable(line.text);
    if (line.kind === 'same') return `  ${text}`;
    return line.kind === 'new' ? ink('good', `+ ${text}`) : ink('bad', `- ${text}`);
  });
}
