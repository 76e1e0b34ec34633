import type { JournalEntry } from '../../../plans/journal.ts';
import type { JournalReply } from '../../../server/api.ts';
import { get } from '../api/client.ts';

const LINES = 200;

/** Every line, of which those that are known are not read again. A number that is missing may still come. */
export async function furtherLines(
  path: string,
  { signal, before }: { signal: AbortSignal; before: JournalEntry[] | null },
): Promise<JournalEntry[]> {
  const lines = (before ?? []).filter(({ seq }, i) => seq === i + 1);
  for (;;) {
    const after = lines.at(-1)?.seq ?? 0;
    const page = await get<JournalReply>(`${path}?after=${after}&limit=${LINES}`, signal);
    lines.push(...page.entries);
    if ((page.next ?? null) === null) return lines;
  }
}
