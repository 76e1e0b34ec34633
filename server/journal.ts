import type { RolloutStore } from '../store/store.ts';
import { MOST_LINES } from './api.ts';

/** A whole `JournalReply` as text, a page of lines at a time: in weeks they come to megabytes. */
export async function* journalText(
  rollouts: Pick<RolloutStore, 'journalPage'>,
  id: string,
  after: number,
): AsyncGenerator<string, void> {
  let last = after;
  let said = '{"entries":[';
  for (;;) {
    const page = await rollouts.journalPage(id, { after: last, limit: MOST_LINES });
    const end = page.at(-1);
    if (end === undefined) break;
    yield `${said}${page.map((entry) => JSON.stringify(entry)).join(',')}`;
    said = ',';
    if (page.length < MOST_LINES) break;
    last = end.seq;
  }
  yield said === ',' ? ']}' : `${said}]}`;
}
