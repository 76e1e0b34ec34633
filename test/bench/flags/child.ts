import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Asked, Question } from './messages.ts';

/** A process of the benchmark that answers questions. */
export interface Helper {
  ask<Q extends Question>(question: Q, ask: Asked[Q]['ask']): Promise<Asked[Q]['reply']>;
  stop(): Promise<void>;
}

type Handlers = { [Q in Question]?: (ask: Asked[Q]['ask']) => Promise<Asked[Q]['reply']> };

/** Starts `name` beside this file; from sources with tsx, built without. */
export function startHelper(name: string): Helper {
  const sources = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`./${name}.${sources ? 'ts' : 'js'}`, import.meta.url));
  const child = fork(path, {
    execArgv: ['--expose-gc', ...(sources ? ['--import', 'tsx'] : [])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let last = 0;
  return {
    ask: (question, ask) =>
      new Promise((resolve, reject) => {
        last += 1;
        const id = last;
        const ended = () => reject(new Error(`${name} ended before it answered ${question}`));
        const answered = (message: { id: number; reply?: never; error?: string }) => {
          if (message.id !== id) return;
          child.off('message', answered).off('exit', ended);
          if (message.error === undefined) resolve(message.reply as never);
          else reject(new Error(`${name}: ${message.error}`));
        };
        child.on('message', answered).once('exit', ended);
        child.send({ id, question, ask });
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Answers the questions of the process that started this one, and ends when that one has. */
export function answer(handlers: Handlers): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: { id: number; question: Question; ask: never }) => {
    const { id, question, ask } = message;
    const handler = handlers[question] as ((ask: never) => Promise<unknown>) | undefined;
    void (handler?.(ask) ?? Promise.reject(new Error(`${question} is not known here`))).then(
      (reply) => process.send?.({ id, reply }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    );
  });
}
