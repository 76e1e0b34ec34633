/** What one way took in one turn. */
export interface Turn {
  /** Microseconds of this process a call: what else the machine does meanwhile is not in it. */
  cpu: number;
  /** Microseconds of each call by the clock; empty where they were not asked for. */
  each: number[];
}

interface Turning {
  rounds: number;
  /** Calls of one way in one turn. */
  calls: number;
  /** Rounds before, which compile the code. */
  warmUp: number;
  /** Each call by the clock too, which costs a little of its own. */
  each?: boolean;
}

export type Way = (call: number) => unknown;

/**
 * Every way in each round, in small turns, so that all of them meet the same machine; each goes first as often as the others,
 * as what runs first after a collection is faster.
 */
export async function inTurns(
  ways: Readonly<Record<string, Way>>,
  { rounds, calls, warmUp, each = false }: Turning,
): Promise<Map<string, Turn[]>> {
  const names = Object.keys(ways);
  const turns = new Map<string, Turn[]>(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (let place = 0; place < names.length; place += 1) {
      const name = names[(place + round + names.length * warmUp) % names.length] ?? '';
      const way = ways[name];
      if (way === undefined) continue;
      const turn = await taken(way, { calls, each, from: Math.max(0, round) * calls });
      if (round >= 0) turns.get(name)?.push(turn);
    }
  }
  return turns;
}

async function taken(
  way: Way,
  { calls, each, from }: { calls: number; each: boolean; from: number },
): Promise<Turn> {
  const times: number[] = [];
  const began = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) {
    if (!each) {
      await way(from + call);
      continue;
    }
    const at = process.hrtime.bigint();
    await way(from + call);
    times.push(Number(process.hrtime.bigint() - at) / 1000);
  }
  const { user, system } = process.cpuUsage(began);
  return { cpu: (user + system) / calls, each: times };
}

/** How much more one way takes than another: the middle of the differences of turns that stand beside each other, in microseconds. */
export function over(turns: readonly Turn[], base: readonly Turn[]): number {
  return median(turns.map(({ cpu }, round) => cpu - (base[round]?.cpu ?? Number.NaN)));
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
