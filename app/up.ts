import type { Config } from './config.ts';
import { demoStack, runDemo, type Screen, startDemoShop } from './demo.ts';
import { stateFolder } from './paths.ts';
import { type Stack, startStack } from './stack.ts';
import { untilStopped } from './until-stopped.ts';

export interface UpOptions {
  /** Null: the defaults; else its `data` folder is used. */
  config: Config | null;
  demo: boolean;
  /** End after the demonstration, with 0 only if both rollouts went as they should. */
  once: boolean;
  screen: Screen;
}

/** What a shell gives a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/** `tidegate up`: everything on this machine, until Ctrl-C. */
export async function up({ config, demo, once, screen }: UpOptions): Promise<number> {
  const stopped = untilStopped();
  const data = config?.data ?? stateFolder(process.env);
  const say = (line: string) => screen.note(line);
  const giveUp = new AbortController();
  void stopped.then((signal) => giveUp.abort(signal));
  const { signal } = giveUp;
  const stack = await startStack({
    data,
    say,
    signal,
    ...(demo ? { ...demoStack, fresh: true } : {}),
  }).catch((error: unknown) => {
    if (signal.aborted) return null;
    throw error;
  });
  if (stack === null) {
    screen.note('stopped before everything was up; nothing is left running');
    screen.close();
    return INTERRUPTED;
  }
  // Said before anything else is shown, and by the start that has made it alone.
  if (stack.newToken !== null)
    screen.note(`token       ${stack.newToken} (administrator of this machine; commands find it)`);
  void stopped.then(() => {
    // The last picture stays: it is what whoever stops now wants to have seen.
    screen.close();
    screen.note('\nstopping everything (about 2 s; Ctrl-C again ends it at once)');
  });
  const problems: string[] = [];
  for (const part of Object.values(stack.parts)) {
    part.onExit((name) => {
      if (signal.aborted) return;
      problems.push(name);
      screen.note(`${name} has ended unexpectedly; its log: ${data}/logs/${name}.log`);
    });
  }
  try {
    return demo
      ? await demonstrate(stack, { once, screen, stopped, signal, problems })
      : await stay(stack, screen, stopped);
  } finally {
    screen.close();
    await stack.stop();
    if (signal.aborted) screen.note('stopped; nothing is left running');
  }
}

interface Demonstration {
  once: boolean;
  screen: Screen;
  stopped: Promise<NodeJS.Signals>;
  signal: AbortSignal;
  problems: string[];
}

async function demonstrate(
  stack: Stack,
  { once, screen, stopped, signal, problems }: Demonstration,
): Promise<number> {
  screen.note('shop: starting two paths, two fronts and 300 requests/s');
  const shop = await startDemoShop(stack, (what) => {
    problems.push(what);
    screen.note(`${what} of the shop has ended unexpectedly`);
  });
  try {
    const outcome = await Promise.race([
      runDemo({ stack, shop, screen, signal }).then((well) => ({ well })),
      stopped.then(() => null),
    ]);
    if (outcome === null) return INTERRUPTED;
    screen.note(
      outcome.well ? 'both rollouts went as they should' : 'the rollouts did not go as they should',
    );
    if (once) return outcome.well && problems.length === 0 ? 0 : 1;
    return await stay(stack, screen, stopped, shop.fronts);
  } finally {
    await shop.stop();
  }
}

async function stay(
  stack: Stack,
  screen: Screen,
  stopped: Promise<NodeJS.Signals>,
  fronts: readonly string[] = [],
): Promise<number> {
  screen.note(
    [
      '',
      `console     ${stack.urls.server} (\`npx tidegate console\` prints a link that logs you in)`,
      `API         ${stack.urls.server}/api/v1`,
      `OpenAPI     ${stack.urls.server}/api/v1/openapi.json`,
      `Prometheus  ${stack.urls.prometheus}`,
      `Temporal    ${stack.urls.temporal}`,
      `flagd sync  127.0.0.1:${stack.ports.sync} and 127.0.0.1:${stack.ports.workerSync}`,
      ...(fronts.length === 0 ? [] : [`shop        ${fronts.join(' and ')}`]),
      `settings    ${stack.configFile}`,
      '',
      `npx tidegate list${stack.ports.server === 7070 ? '' : ` --server ${stack.urls.server}`}`,
      'Ctrl-C ends everything.',
    ].join('\n'),
  );
  await stopped;
  return 0;
}
