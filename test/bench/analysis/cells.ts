import { FURTHER, STANDARD } from './scenarios.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The stages of a plan of the benchmark: percent of the canary, and how long each is planned, in seconds. */
export type Schedule = readonly { percent: number; seconds: number }[];

const PERCENT = [1, 5, 25, 50] as const;
export const SCHEDULES = {
  hours: PERCENT.map((percent) => ({ percent, seconds: HOUR })),
  days: PERCENT.map((percent) => ({ percent, seconds: DAY })),
  week: [...[1, 5, 10, 25].map((percent) => ({ percent, seconds: DAY })), { percent: 50, seconds: 7 * DAY }],
} as const satisfies Record<string, Schedule>;

interface Common {
  /** Words between slashes, such as `find/S2/5%/+1pp`. */
  id: string;
  scenario: string;
}

/** How long a rollout lasts: its stages, and which of them are gone through in what time. */
interface Lasting {
  schedule: keyof typeof SCHEDULES;
}

/** Seconds after the beginning of its stage: somewhere from the first to the second, by the seed. */
export type Onset = readonly [number, number];

/** What is run again and again, from a seed of its own each time. */
export type Cell = Common &
  (
    | ({ kind: 'false'; extra: number } & Lasting)
    | ({
        kind: 'find';
        percent: number;
        extra: number;
        onset: Onset;
        alone: boolean;
        /** The stage is held for so many times what is planned. */
        held: number;
      } & Lasting)
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
const LATE_IN_A_DAY: Onset = [14 * HOUR, 16 * HOUR];

const SIZES: Readonly<Record<number, readonly number[]>> = {
  1: [0.3, 0.5, 0.7, 1, 2, 5],
  5: [0.3, 0.5, 0.7, 1, 2, 5],
  25: [0.3, 0.5, 0.7, 1, 2, 5],
  50: [0.3, 0.5, 0.7, 1, 2, 5],
};

const names = (scenarios: readonly { name: string }[]) => scenarios.map(({ name }) => name);

function falseCells(
  kind: 'aa' | 'edge',
  scenarios: readonly string[],
  schedule: keyof typeof SCHEDULES = 'hours',
): Cell[] {
  return scenarios.map((scenario) => ({
    id: `${kind}/${scenario}${schedule === 'hours' ? '' : ` ${schedule}`}`,
    kind: 'false',
    scenario,
    extra: kind === 'edge' ? EDGE : 0,
    schedule,
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
        onset: [onset, onset],
        alone,
        held: 1,
        schedule: 'hours',
      };
    }),
  );
}

/** Stages of a day, of a week and held for twice their time, in which something begins after hours or days. */
function longCells(): Cell[] {
  const common = { kind: 'find', scenario: 'S2', alone: false } as const;
  const cell = (
    words: string,
    points: number,
    more: Pick<Extract<Cell, { kind: 'find' }>, 'percent' | 'onset' | 'held' | 'schedule'>,
  ): Cell => ({ ...common, ...more, id: `find/S2 ${words}/+${points}pp`, extra: points / 100 });
  const inADay = { onset: LATE_IN_A_DAY, held: 1, schedule: 'days' } as const;
  return [
    ...[0.5, 1, 2, 5].map((points) => cell('days/5%/onset 15h', points, { ...inADay, percent: 5 })),
    ...[0.3, 0.5, 1, 5].map((points) => cell('days/25%/onset 15h', points, { ...inADay, percent: 25 })),
    ...[0.5, 1].map((points) =>
      cell('week/50%/onset 4d', points, {
        percent: 50,
        onset: [4 * DAY, 4 * DAY + 2 * HOUR],
        held: 1,
        schedule: 'week',
      }),
    ),
    ...[0.5, 1].map((points) =>
      cell('days/5%/held twice/onset 39h', points, {
        percent: 5,
        onset: [38 * HOUR, 40 * HOUR],
        held: 2,
        schedule: 'days',
      }),
    ),
  ];
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
  ...['K0', 'K8', 'P8', 'S3b-'].flatMap((scenario) => findCells(scenario, { percents: [5, 25] })),
  ...longCells(),
  ...falseCells('aa', ['S0', 'S2', 'S3b'], 'days'),
  ...falseCells('edge', ['S2', 'S3b'], 'days'),
  ...latencyCells(),
  ...proofCells(),
];

/** The stages that rollouts of a cell have; proofs and latencies are those of hours. */
export function scheduleOf(cell: Cell): Schedule {
  const schedule: Schedule = SCHEDULES['schedule' in cell ? cell.schedule : 'hours'];
  if (cell.kind !== 'find' || !cell.alone) return schedule;
  return schedule.filter(({ percent }) => percent === cell.percent);
}

/** Seconds after which the stage begins in which something is to be found: a rollout comes to it through those before. */
export function reachedAfter(cell: Cell): number {
  if (cell.kind !== 'find') return 0;
  const schedule = scheduleOf(cell);
  const at = schedule.findIndex(({ percent }) => percent === cell.percent);
  return schedule.slice(0, at).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Cells that a word of `--only` names: the beginning of an id, or any of its parts. */
export function chosen(only: string | undefined): Cell[] {
  if (only === undefined) return [...CELLS];
  const words = only.split(',').filter((word) => word !== '');
  return CELLS.filter(({ id }) =>
    words.some((word) => id === word || id.startsWith(`${word}/`) || id.split('/').includes(word)),
  );
}
