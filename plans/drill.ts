import { z } from 'zod';
import { isNobody } from './exposure.ts';

/** Share of the canary's users that a drill touches unless it says otherwise, in percent. */
export const USUAL_PERCENT = 5;
/** What applications let a drill touch unless their `mostPercent` says otherwise, in percent of the canary's users. */
export const MOST_PERCENT = 10;
/** Beyond this share of everybody a drill says its percentage by itself. */
export const SMALL_SHARE = 1;
/** No drill goes on for longer, in seconds. */
export const LONGEST = 3_600;

/** How the new path is broken. */
export const Breakage = z.strictObject({
  errorRate: z.number().min(0).max(1),
  latencyMs: z.int().min(0).max(60_000),
  /** Of the canary's users. */
  percent: z.number().gt(0).max(100),
});
export type Breakage = z.infer<typeof Breakage>;

/** A rollback rehearsed on purpose. Times in milliseconds since 1970; null: has not happened (yet). */
export const DrillRun = z.strictObject({
  id: z.string(),
  by: z.string(),
  reason: z.string().nullable(),
  breakage: Breakage,
  stage: z.string(),
  /** Share of everybody that the drill touches, in percent, without the members of segments. */
  touches: z.number(),
  /** All three must have happened within so many seconds. */
  within: z.number(),
  startedAt: z.number(),
  detectedAt: z.number().nullable(),
  rolledBackAt: z.number().nullable(),
  verifiedAt: z.number().nullable(),
  /** By what it is known that nobody is served by the new path: the metrics, or the flag alone where a safe variant stays. */
  verifiedBy: z.enum(['metrics', 'flag']).nullable(),
  endedAt: z.number().nullable(),
  /** Null: it still runs, or is being verified. */
  passed: z.boolean().nullable(),
  /** What came of it, in one sentence. */
  outcome: z.string(),
});
export type DrillRun = z.infer<typeof DrillRun>;

/** The breakage as it stands beside a flag's definition. Applications end it by themselves at `until`. */
export const FlagDrill = z.strictObject({
  id: z.string(),
  ...Breakage.shape,
  /** Milliseconds since 1970. */
  until: z.number(),
});
export type FlagDrill = z.infer<typeof FlagDrill>;

/** Share of everybody that a drill touches, in percent; members of segments are not counted. */
export function touchedShare(exposure: { percent: number }, percent: number): number {
  return (exposure.percent * percent) / 100;
}

/** The small share that a drill takes without being told. Null: say it, since even that is not small here. */
export function usualPercent(exposure: { percent: number; segments: string[]; variant: string | null }) {
  if (isNobody(exposure)) return null;
  return touchedShare(exposure, USUAL_PERCENT) <= SMALL_SHARE ? USUAL_PERCENT : null;
}

/** What a view says of its drill and its stop. */
interface Stopped {
  drill?: DrillRun;
  stop: { at: number } | null;
}

/** The drill that a stop came from: the gate or an alert has stopped what was broken on purpose. Null: it came from none. */
export function drillBehind({ drill, stop }: Stopped): DrillRun | null {
  if (drill === undefined || drill.detectedAt === null || stop === null || stop.at < drill.startedAt)
    return null;
  return drill.endedAt === null || stop.at <= drill.endedAt ? drill : null;
}

/** The drill that what happens at `at` belongs to, while it runs or is verified, and once it has stopped the rollout. */
export function drillAt(view: Stopped, at: number): DrillRun | null {
  const { drill } = view;
  return drill?.endedAt === null && at >= drill.startedAt ? drill : drillBehind(view);
}

/** "it is a drill: ada has broken the new path on purpose for 4 % of the canary's users". */
export function drillText({ by, breakage }: DrillRun): string {
  return `it is a drill: ${by} has broken the new path on purpose for ${breakage.percent} % of the canary's users`;
}
