import { FURTHER, STANDARD } from './scenarios.ts';

/** Stages of the benchmark's plan, each of an hour. */
export const PERCENT = [1, 5, 25, 50] as const;
export const STAGE_SECONDS = 3600;

interface Common {
  /** Words between slashes, such as `find/S2/5%/+1pp`. */
  id: string;
  scenario: string;
}

/** What is run again and again, from a seed of its own each time. */
export type Cell = Common &
  (
    | { kind: 'false'; extra: number }
    | { kind: 'find'; percent: number; extra: number; onset: number; alone: boolean }
    | {
        kind: 'latency';
        percent: number;
        factor: number;
        buckets: 'fine' | 'default';
        unit: number;
        noise: number;
      }
    | { kind: 'proof'; percent: number; extra: number }
  );

const EDGE = 0.001;
const LATE = 2100;

const SIZES: Readonly<Record<number, readonly number[]>> = {
  1: [0.3, 0.5, 0.7, 1, 2, 5],
  5: [0.3, 0.5, 0.7, 1, 2, 5],
  25: [0.3, 0.5, 0.7, 1, 2, 5],
  50: [0.3, 0.5, 0.7, 1, 2, 5],
};

const names = (scenarios: readonly { name: string }[]) => scenarios.map(({ name }) => name);

function falseCells(kind: 'aa' | 'edge', scenarios: readonly string[]): Cell[] {
  return scenarios.map((scenario) => ({
    id: `${kind}/${scenario}`,
    kind: 'false',
    scenario,
    extra: kind === 'edge' ? EDGE : 0,
  }));
}

interface Finding {
  percents: readonly number[];
  /** Seconds after which the canary becomes worse. */
  onset?: number;
  /** The plan has that stage and no other, which would share the weight of the evidence. */
  alone?: boolean;
}

function findCells(scenario: string, { percents, onset = 0, alone = false }: Finding): Cell[] {
  return percents.flatMap((percent) =>
    (SIZES[percent] ?? []).map((points): Cell => {
      const late = onset > 0 ? `/onset ${onset / 60}m` : '';
      return {
        id: `find/${scenario}${alone ? ' alone' : ''}/${percent}%${late}/+${points}pp`,
        kind: 'find',
        scenario,
        percent,
        extra: points / 100,
        onset,
        alone,
      };
    }),
  );
}

/** Of an instance's times: CV 0.3 on the share above the 95th percentile. */
const NOISE = 0.09;

function latencyCells(): Cell[] {
  const cells: Cell[] = [];
  for (const buckets of ['fine', 'default'] as const) {
    for (const factor of [1, 1.2, 1.5, 2, 3]) {
      cells.push({
        id: `latency/${buckets}/1%/x${factor}`,
        kind: 'latency',
        scenario: 'S2',
        percent: 1,
        factor,
        buckets,
        unit: 1,
        noise: NOISE,
      });
    }
  }
  for (const buckets of ['fine', 'default'] as const) {
    for (const factor of [1.2, 1.5, 2, 3]) {
      cells.push({
        id: `latency/${buckets} independent/1%/x${factor}`,
        kind: 'latency',
        scenario: 'S0',
        percent: 1,
        factor,
        buckets,
        unit: 1,
        noise: 0,
      });
    }
  }
  return [
    ...cells,
    {
      id: 'latency/in milliseconds/1%/x1.5',
      kind: 'latency',
      scenario: 'S2',
      percent: 1,
      factor: 1.5,
      buckets: 'fine',
      unit: 1000,
      noise: NOISE,
    },
  ];
}

function proofCells(): Cell[] {
  return names(STANDARD).flatMap((scenario) =>
    [0, 0.005].map(
      (extra): Cell => ({
        id: `proof/${scenario}/25%/${extra === 0 ? 'equal' : 'at the margin'}`,
        kind: 'proof',
        scenario,
        percent: 25,
        extra,
      }),
    ),
  );
}

export const CELLS: readonly Cell[] = [
  ...falseCells('aa', names(STANDARD)),
  ...falseCells('edge', names(STANDARD)),
  ...findCells('S2', { percents: PERCENT }),
  ...findCells('S2', { percents: [25], onset: LATE }),
  ...['S2', 'T2'].flatMap((scenario) => [
    ...findCells(scenario, { percents: PERCENT, alone: true }),
    ...findCells(scenario, { percents: [25], onset: LATE, alone: true }),
  ]),
  ...findCells('S3b', { percents: [5, 25] }),
  ...falseCells('aa', names(FURTHER)),
  ...falseCells('edge', names(FURTHER)),
  ...findCells('H2', { percents: [5, 25] }),
  ...findCells('I8', { percents: [5] }),
  ...['I0', 'B0', 'B8', 'N8'].flatMap((scenario) => findCells(scenario, { percents: [5, 25] })),
  ...['B0', 'B8'].flatMap((scenario) => findCells(scenario, { percents: [25], onset: LATE })),
  ...latencyCells(),
  ...proofCells(),
];

/** Seconds after which the stage begins in which something is to be found: a rollout comes to it through those before. */
export function reachedAfter(cell: Cell): number {
  if (cell.kind !== 'find' || cell.alone) return 0;
  return PERCENT.findIndex((one) => one === cell.percent) * STAGE_SECONDS;
}

/** Cells that a word of `--only` names: the beginning of an id, or any of its parts. */
export function chosen(only: string | undefined): Cell[] {
  if (only === undefined) return [...CELLS];
  const words = only.split(',').filter((word) => word !== '');
  return CELLS.filter(({ id }) =>
    words.some((word) => id === word || id.startsWith(`${word}/`) || id.split('/').includes(word)),
  );
}
