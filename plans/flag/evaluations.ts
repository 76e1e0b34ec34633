import { z } from 'zod';

/** What was seen of a flag's evaluations in a window. `unknown`: nobody can say that there were none. */
export const EvaluationVerdict = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('seen'), by: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('unseen'), watched: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('unknown'), why: z.string() }),
]);
export type EvaluationVerdict = z.infer<typeof EvaluationVerdict>;

/**
 * What a Prometheus knows of `tidegate/client`. `saw`: applications report at the window's start and in it; `late`: only since
 * later, so that what they evaluated before is not known; `nothing`: no application reports to it.
 */
export const ClientSightings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('saw'), source: z.string(), flags: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('late'), source: z.string(), flags: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('nothing'), source: z.string() }),
  z.strictObject({ kind: z.literal('failed'), source: z.string(), problem: z.string() }),
]);
export type ClientSightings = z.infer<typeof ClientSightings>;

export interface EvaluationSources {
  /** Milliseconds since 1970. */
  from: number;
  ofrep: {
    /** Since when servers count, in milliseconds since 1970; null: not yet. */
    since: number | null;
    counts: readonly { environment: string; key: string | null; count: number }[];
  };
  clients: readonly ClientSightings[];
}

/** Whether anybody evaluated the flag. Metrics name no environment: a flag that any of them names is seen in each. */
export function evaluationVerdict(
  flag: { environment: string; key: string; createdAt: number },
  { from, ofrep, clients }: EvaluationSources,
): EvaluationVerdict {
  const here = ofrep.counts.filter(
    ({ environment, key }) => environment === flag.environment && key !== null,
  );
  const by = [
    ...(here.some(({ key, count }) => key === flag.key && count > 0) ? ['OFREP'] : []),
    ...clients.flatMap((client) =>
      'flags' in client && client.flags.includes(flag.key) ? [`metrics of ${client.source}`] : [],
    ),
  ];
  if (by.length > 0) return { kind: 'seen', by };
  if (flag.createdAt > from) return unknown('it is younger than the window');
  if (ofrep.since === null || ofrep.since > from)
    return unknown('evaluations by OFREP are counted for a shorter time');
  for (const client of clients) {
    if (client.kind === 'failed') return unknown(`the source ${client.source}: ${client.problem}`);
    if (client.kind === 'late')
      return unknown(`applications report to the source ${client.source} for a shorter time`);
  }
  const watched = [
    ...(here.length > 0 ? ['OFREP'] : []),
    ...clients.flatMap((client) => (client.kind === 'saw' ? [`metrics of ${client.source}`] : [])),
  ];
  if (watched.length === 0)
    return unknown('nobody asks for flags of this environment by OFREP, and no application reports metrics');
  return { kind: 'unseen', watched };
}

function unknown(why: string): EvaluationVerdict {
  return { kind: 'unknown', why };
}
