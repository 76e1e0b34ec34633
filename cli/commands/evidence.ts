import { EVIDENCE, type EvidenceKind } from '../../plans/before.ts';
import { Failure } from '../../plans/failures.ts';
import { EvidenceReply } from '../../server/api/evidence.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { clock } from '../render/words.ts';

export interface EvidenceOptions {
  notOk?: boolean;
  url?: string;
}

/** Tells of a rollout what its plan asks for before it begins. */
export async function tellEvidence(
  context: Context,
  { reference, kind }: { reference: string; kind: string },
  options: EvidenceOptions,
): Promise<void> {
  if (!isKind(kind))
    throw new Failure('USAGE', `${kind} is nothing that can be told.`, {
      details: [`one of ${EVIDENCE.join(', ')}`],
    });
  const api = new ApiClient(context);
  const id = await rolloutId(api, reference);
  const reply = await api.post(
    `/rollouts/${encodeURIComponent(id)}/evidence`,
    {
      ...(await context.named()),
      kind,
      ok: options.notOk !== true,
      ...(options.url === undefined ? {} : { url: options.url }),
    },
    EvidenceReply,
  );
  context.tell(reply);
  context.say([
    `${id}: ${reply.asked ? 'it looks again now' : 'it looks again by itself'}`,
    ...reply.evidence.map(
      (one) =>
        `  ${one.kind}: ${one.ok ? 'ok' : 'not ok'}, ${one.by}, ${clock(one.at)} UTC${one.url === null ? '' : `, ${one.url}`}`,
    ),
  ]);
}

function isKind(text: string): text is EvidenceKind {
  return EVIDENCE.some((kind) => kind === text);
}
