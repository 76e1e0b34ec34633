import { runbookOf } from '../../plans/runbook.ts';
import type { Context } from '../context.ts';
import { readPlan } from '../plan-file.ts';
import { printable } from '../render/ink.ts';
import { writePage } from '../write-page.ts';

/** Writes what whoever is on call needs of a plan. It asks no server. */
export async function runbook(context: Context, file: string, { out }: { out?: string }): Promise<void> {
  const markdown = runbookOf(await readPlan(file));
  context.tell({ plan: file, ...(out === undefined ? { markdown } : { file: out }) });
  if (out === undefined) {
    context.say(printable(markdown.trimEnd().split('\n')));
    return;
  }
  await writePage(out, markdown);
  context.say([out]);
}
