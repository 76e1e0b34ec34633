import { Failure } from '../../plans/failures.ts';
import { JournalReply, StatusReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { writePage } from '../write-page.ts';
import { loadConfiguration } from './processes.ts';

export interface PreviewOptions {
  channel: string;
  event: string;
  rollout?: string;
  out?: string;
}

/** What a channel would send: as text, what goes over the line with `--json`, and a page of HTML into `--out`. */
export async function preview(context: Context, options: PreviewOptions): Promise<void> {
  const { channel, event, out } = options;
  const [config, app] = await Promise.all([
    loadConfiguration(context),
    import('../../app/notify-preview.ts'),
  ]);
  const rollout = options.rollout === undefined ? undefined : await read(context, options.rollout);
  const { text, html, payload } = app.previewNotification(config, { channel, event, rollout });
  if (out !== undefined) {
    if (html === null) throw new Failure('USAGE', `${channel} sends no HTML; leave out --out.`);
    await writePage(out, html);
  }
  context.tell({ channel, event, text, payload });
  context.say([text.trimEnd(), ...(out === undefined ? [] : ['', `The HTML is in ${out}.`])]);
}

async function read(context: Context, reference: string) {
  const api = new ApiClient(context);
  const path = `/rollouts/${encodeURIComponent(await rolloutId(api, reference))}`;
  const [{ view }, { entries }] = await Promise.all([
    api.get(path, StatusReply),
    api.get(`${path}/journal`, JournalReply),
  ]);
  return { view, entries };
}
