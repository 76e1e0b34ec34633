import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import { findingText } from '../../plans/finding.ts';
import { parseFlagFile } from '../../plans/flag/file.ts';
import { DiffReply, SegmentHistoryReply, SegmentReply, SegmentsReply } from '../../server/api/flags.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { flagText } from '../flag-file.ts';
import { differenceLines } from '../render/differences.ts';
import { printable } from '../render/ink.ts';
import { table } from '../render/list.ts';
import { relative } from '../render/words.ts';

const address = (name: string, verb = '') => `/segments/${encodeURIComponent(name)}${verb}`;

export async function list(context: Context): Promise<void> {
  const found = await new ApiClient(context).get('/segments', SegmentsReply);
  context.tell(found);
  const rows = printable(found).segments.map((segment) => [
    segment.name,
    segment.source === 'shared' ? 'shared' : 'tidegate.yaml',
    String(segment.rules.length),
    segment.joinable ? `${segment.joined.length} joined, ${segment.left.length} left` : '–',
    segment.description,
  ]);
  context.say(
    rows.length === 0
      ? ['no segments']
      : table(['segment', 'from', 'rules', 'people', 'description'], rows, context.page()),
  );
}

export async function show(context: Context, name: string): Promise<void> {
  const segment = await new ApiClient(context).get(address(name), SegmentReply);
  context.tell(segment);
  const { rules, joined, left, match, by } = printable(segment);
  context.say([
    `${segment.name}: ${match} of ${rules.length} rules`,
    ...rules.map(
      ({ attribute, operator, values, not }) =>
        `  ${attribute} ${not ? 'not ' : ''}${operator} ${values.join(', ')}`,
    ),
    ...(segment.joinable ? [`joined (${by}): ${joined.join(', ')}`, `left: ${left.join(', ')}`] : []),
  ]);
}

/** Makes or changes the segments of a file. */
export async function set(context: Context, file: string, options: { reason: string }): Promise<void> {
  const parsed = parseFlagFile(await flagText(file), file);
  if (parsed.kind === 'invalid') {
    const details = parsed.findings.map(findingText);
    throw new Failure('SEGMENT_INVALID', `${file} has errors.`, { where: file, details });
  }
  const api = new ApiClient(context);
  for (const segment of parsed.file.segments) {
    const made = await api.change('/segments', {
      body: { ...(await context.named()), ...options, segment },
      reply: SegmentReply,
    });
    context.tell(made);
    context.say([`set: ${made.name}`]);
  }
}

export async function remove(context: Context, name: string, options: { reason: string }): Promise<void> {
  const reply = z.strictObject({ removed: z.string() });
  const done = await new ApiClient(context).change(address(name, '/remove'), {
    body: { ...(await context.named()), ...options },
    reply,
  });
  context.tell(done);
  context.say([`removed: ${name}`]);
}

export async function enrol(
  context: Context,
  verb: 'join' | 'leave' | 'forget',
  { name, key, reason }: { name: string; key: string; reason?: string | undefined },
): Promise<void> {
  const body = { ...(await context.named()), key, ...(reason === undefined ? {} : { reason }) };
  const segment = await new ApiClient(context).change(address(name, `/${verb}`), {
    body,
    reply: SegmentReply,
  });
  context.tell(segment);
  context.say([`${name}: ${segment.joined.length} joined, ${segment.left.length} left`]);
}

export async function history(context: Context, name: string): Promise<void> {
  const found = await new ApiClient(context).get(address(name, '/revisions'), SegmentHistoryReply);
  context.tell(found);
  const page = context.page();
  const rows = printable(found).revisions.map(({ revision, at, author, change, reason }) => [
    String(revision),
    relative(at, page.now),
    author,
    change,
    reason,
  ]);
  context.say(table(['revision', 'when', 'who', 'what', 'why'], rows, page));
}

export async function diff(
  context: Context,
  name: string,
  { from, to }: { from: number; to: number | undefined },
): Promise<void> {
  const query = new URLSearchParams({ from: String(from), ...(to === undefined ? {} : { to: String(to) }) });
  const found = await new ApiClient(context).get(address(name, `/diff?${query.toString()}`), DiffReply);
  context.tell(found);
  context.say(differenceLines(printable(found).changes));
}

export async function undo(
  context: Context,
  name: string,
  { to, reason }: { to: number; reason: string },
): Promise<void> {
  const segment = await new ApiClient(context).change(address(name, '/undo'), {
    body: { ...(await context.named()), reason, to },
    reply: SegmentReply,
  });
  context.tell(segment);
  context.say([`undone: ${segment.name} is defined as at revision ${to}`]);
}
