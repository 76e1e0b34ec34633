import { comparisonMarkdown, documentText, notesOf } from '../../plans/comparison-cells.ts';
import { ComparisonReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { renderComparison } from '../render/comparison.ts';
import { printable } from '../render/ink.ts';

/** Both cohorts of one stage, for people, for documents, or for programs. */
export async function compare(
  context: Context,
  reference: string,
  options: { stage?: string; markdown?: boolean },
): Promise<void> {
  const api = new ApiClient(context, { waits: 'comparing' });
  const id = await rolloutId(api, reference);
  const query =
    options.stage === undefined ? '' : `?${new URLSearchParams({ stage: options.stage }).toString()}`;
  const reply = await api.get(`/rollouts/${encodeURIComponent(id)}/comparison${query}`, ComparisonReply);
  context.tell(reply);
  const { comparison, planRevision } = printable(reply);
  const by = comparison.planRevision;
  const judged = by === planRevision ? [] : [`by plan revision ${by}; the present one is ${planRevision}`];
  if (options.markdown === true) {
    context.say([
      ...comparisonMarkdown(comparison),
      '',
      documentText(comparison.reason),
      ...judged.flatMap((note) => ['', `_${note}_`]),
      ...notesOf(comparison).flatMap((note) => ['', `_${documentText(note)}_`]),
    ]);
    return;
  }
  context.say([context.ink('strong', id), ...renderComparison(comparison, context.page()), ...judged]);
}
