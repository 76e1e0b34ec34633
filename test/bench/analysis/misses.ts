import { METHOD } from './method.ts';
import type { CellSummary, Summary } from './summary.ts';
import { findTarget, LIMITS, SOURCE } from './targets.ts';

/** Two standard errors of a share in %, at least that of one rollout. */
function doubt({ share, rollouts }: Summary): number {
  const p = share / 100;
  return 200 * Math.sqrt(Math.max(p * (1 - p), 1 / rollouts) / rollouts);
}

/** Where a gate falls short of what is to be reached, by more than the number of rollouts explains; else `close`. */
export interface Miss {
  id: string;
  judge: string;
  text: string;
  close: boolean;
}

export function missesOf({ cell, judges }: CellSummary): Miss[] {
  const ours = judges.filter(({ judge }) => /history|halves/.test(judge));
  return ours.flatMap((one): Miss[] => {
    const miss = (text: string, close: boolean) => ({ id: cell.id, judge: one.judge, text, close });
    if (cell.kind === 'false') {
      const limit = cell.extra > 0 ? LIMITS.edge : LIMITS.aa;
      if (one.share <= limit) return [];
      return [
        miss(
          `false rollbacks ${one.share.toFixed(1)} %, wanted at most ${limit} %`,
          one.share - doubt(one) <= limit,
        ),
      ];
    }
    if (cell.kind === 'proof' && cell.extra > 0)
      return one.share <= LIMITS.proof ? [] : [miss(`false proof ${one.share.toFixed(1)} %`, false)];
    const target = findTarget(cell.id);
    if (target === undefined || one.judge !== '24 h of history') return [];
    const misses: Miss[] = [];
    const { median, medianAtLeast } = one;
    if (median === null || median > target.median)
      misses.push(
        miss(
          `median ${median ?? '-'} s, ${target.median} s in ${SOURCE}`,
          medianAtLeast !== null && medianAtLeast <= target.median,
        ),
      );
    const wanted = target.share ?? 99.5;
    if (one.share < wanted)
      misses.push(
        miss(`found ${one.share.toFixed(1)} %, ${wanted} % in ${SOURCE}`, one.share + doubt(one) >= wanted),
      );
    return misses;
  });
}

/** Traces on which a worse regression was found later than a smaller one, or not at all. */
export function outOfOrder(cells: readonly CellSummary[]): string[] {
  const lines: string[] = [];
  const finds = cells.filter(({ cell }) => cell.kind === 'find');
  const place = (id: string) => id.slice(0, id.lastIndexOf('/'));
  for (const [i, worse] of finds.entries()) {
    const smaller = finds[i - 1];
    if (smaller === undefined || place(smaller.cell.id) !== place(worse.cell.id)) continue;
    for (const judge of Object.keys(worse.times).filter((name) => /history|halves/.test(name))) {
      const late = (worse.times[judge] ?? []).filter((t, seed) => {
        const before = smaller.times[judge]?.[seed] ?? null;
        return before !== null && (t === null || t > before);
      });
      if (late.length === 0) continue;
      lines.push(`${worse.cell.id}, ${judge}: ${late.length} traces later than ${smaller.cell.id}`);
    }
  }
  return lines;
}

/** For each regression: on how many traces the gate stops earlier and later than the method did, one that does not stop being last. */
export function besideMethod(cells: readonly CellSummary[]): string[] {
  return cells.flatMap(({ cell, times }) => {
    const [ours, theirs] = [times['24 h of history'], times[METHOD]];
    if (cell.kind !== 'find' || ours === undefined || theirs === undefined) return [];
    let [earlier, later] = [0, 0];
    for (const [i, own] of ours.entries()) {
      const [mine, other] = [own ?? Number.POSITIVE_INFINITY, theirs[i] ?? Number.POSITIVE_INFINITY];
      if (mine < other) earlier += 1;
      if (mine > other) later += 1;
    }
    return [`${cell.id}: earlier on ${earlier} traces, later on ${later} of ${ours.length}`];
  });
}
