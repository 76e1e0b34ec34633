import { Failure } from '../../plans/failures.ts';
import { Report } from '../../plans/report.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { printable } from '../render/ink.ts';
import { writePage } from '../write-page.ts';

/** The story of a rollout: Markdown on standard output, JSON, or one page in a file. */
export async function report(
  context: Context,
  reference: string,
  options: { html?: string; markdown?: boolean },
): Promise<void> {
  const { html } = options;
  if (html !== undefined && options.markdown === true)
    throw new Failure('USAGE', 'Either --html FILE or --markdown: a report is written once.');
  const api = new ApiClient(context, { waits: 'making the report' });
  const id = await rolloutId(api, reference);
  const path = `/rollouts/${encodeURIComponent(id)}/report`;
  if (html !== undefined) {
    await writePage(html, await api.text(`${path}?format=html`));
    context.tell({ id, file: html });
    return context.say([`${id}: ${html}`]);
  }
  if (context.json) return context.tell(await api.get(path, Report));
  const text = await api.text(`${path}?format=markdown`);
  context.say(printable(text.trimEnd().split('\n')));
}
