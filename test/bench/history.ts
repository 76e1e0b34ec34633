import { parseArgs } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { ENDED } from '../../plans/view.ts';
import { workflowId } from '../../workflows/messages.ts';
import { benchPlan, type Stand, withStand } from './stand.ts';

interface Count {
  events: number;
  /** Those of them that hand the workflow its news: how many it gets at once is a matter of milliseconds. */
  tasks: number;
  runs: number;
  decisions: string[];
  windows: number;
}

/** The shop's flags; a rollout that ends leaves its flag where it is, so each begins with another one. */
const FLAGS = ['pricing-v2', 'checkout-v2'] as const;
const START = 180_000;

/** One rollout with one gate of this many seconds, to its end, and what Temporal has kept of it. */
async function rollout(stand: Stand, flag: string, seconds: number): Promise<Count> {
  const id = await stand.submit(benchPlan(flag, [`{ name: 50%, percent: 50, bake: ${seconds}s }`]));
  await stand.until(id, ({ phase }) => ENDED.includes(phase), seconds * 1000 + 60_000);
  const decisions = (await stand.journal(id)).map(({ transition }) => transition);
  const windows = (await stand.samples(id)).length;
  return { ...(await events(stand, flag)), decisions, windows };
}

/** Events of the flag's latest workflow, over all runs that it has continued as. */
async function events({ stack }: Stand, flag: string): Promise<Pick<Count, 'events' | 'tasks' | 'runs'>> {
  const connection = await Connection.connect({ address: stack.urls.temporal });
  try {
    const { workflow } = new Client({ connection });
    // The journal ends before the workflow does.
    await workflow.getHandle(workflowId('demo', flag)).result();
    let runId: string | undefined;
    let sum = 0;
    let tasks = 0;
    for (let runs = 1; ; runs++) {
      const { events } = await workflow.getHandle(workflowId('demo', flag), runId).fetchHistory();
      sum += events?.length ?? 0;
      tasks += (events ?? []).filter(isTask).length;
      const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      if (before === undefined || before === null || before === '') return { events: sum, tasks, runs };
      runId = before;
    }
  } finally {
    await connection.close();
  }
}

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

function isTask(event: HistoryEvent): boolean {
  return (
    event.workflowTaskScheduledEventAttributes != null ||
    event.workflowTaskStartedEventAttributes != null ||
    event.workflowTaskCompletedEventAttributes != null
  );
}

const { values } = parseArgs({
  options: { real: { type: 'boolean', default: false }, gates: { type: 'string', default: '20,120' } },
});
const gates = values.real ? [600, 3_600] : values.gates.split(',').map(Number);
if (gates.length > FLAGS.length) throw new Error(`--gates takes at most ${FLAGS.length} lengths.`);
const total = gates.reduce((sum, seconds) => sum + seconds * 1000 + 60_000, 0);

await withStand(START + total, async (stand) => {
  const counts: Count[] = [];
  for (const [index, seconds] of gates.entries()) {
    console.error(`a gate of ${seconds} s runs now`);
    const count = await rollout(stand, FLAGS[index] ?? FLAGS[0], seconds);
    counts.push(count);
    console.log(
      `gate of ${seconds} s: ${count.windows} polls, ${count.decisions.length} decisions (${count.decisions.join(', ')}), ` +
        `${count.events} events in ${count.runs} run${count.runs === 1 ? '' : 's'}, ` +
        `${count.events - count.tasks} of them besides workflow tasks`,
    );
  }
  const same = new Set(counts.map(({ decisions }) => decisions.join())).size === 1;
  const equal = new Set(counts.map(({ events, tasks }) => events - tasks)).size === 1;
  console.log(
    !same
      ? 'The rollouts took different decisions: their counts cannot be compared.'
      : equal
        ? 'The count depends on stages and decisions, not on time or polls.'
        : 'The counts differ although the decisions were the same.',
  );
  if (!same || !equal) process.exitCode = 1;
});
