import type { Command } from 'commander';
import type { Run } from './run.ts';

const processes = () => import('./commands/processes.ts');

/** The processes that Tidegate is made of, and the check of what they need. */
export function addProcesses(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('try every connection of tidegate.yaml and say what to mend')
    .action(run(async (c) => (await processes()).doctor(c)));
  program
    .command('config')
    .description('the configuration, tidegate.yaml')
    .command('schema')
    .description('print the JSON Schema of tidegate.yaml, for editors')
    .action(run(async () => (await processes()).configSchema()));
  program
    .command('up')
    .description('start everything on this machine: databases, worker and server')
    .option('--demo', 'with an example shop, its load and two rollouts')
    .option('--once', 'end when the rollouts of the demonstration have')
    .action(
      run(async (c, options: { demo?: boolean; once?: boolean }) => (await processes()).up(c, options)),
    );
  program
    .command('worker')
    .description('run a worker: it performs what the rollouts decide')
    .action(run(async (c) => (await processes()).worker(c)));
  program
    .command('server')
    .description('run the server: HTTP API, OFREP and flagd sync')
    .action(run(async (c) => (await processes()).server(c)));
}
