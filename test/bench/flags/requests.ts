import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from './child.ts';
import { clock } from './messages.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

interface Ended {
  ms: number;
  status: number;
  etag: string | undefined;
}

function ask(url: string, targetingKey: string, headers: Record<string, string>): Promise<Ended> {
  const body = JSON.stringify({ context: { targetingKey, country: 'DE', plan: 'free' } });
  const began = clock();
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/ofrep/v1/evaluate/flags?environment=bench`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (reply) => {
        reply.resume();
        reply.on('end', () => {
          resolve({ ms: clock() - began, status: reply.statusCode ?? 0, etag: reply.headers.etag });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

answer({
  /** Requests begin by the clock, whether or not earlier ones are answered: a slow server is not spared. */
  'requests.run': async ({ url, perSecond, seconds, etag }) => {
    const tags = new Map<string, string>();
    if (etag) {
      for (let user = 0; user < 500; user += 1)
        tags.set(`u${user}`, (await ask(url, `u${user}`, {})).etag ?? '');
    }
    const times: number[] = [];
    const statuses: Record<string, number> = {};
    let failed = 0;
    const running: Promise<void>[] = [];
    const began = clock();
    for (let sent = 0; sent < perSecond * seconds; sent += 1) {
      const wait = began + (sent * 1000) / perSecond - clock();
      if (wait > 1) await sleep(wait);
      const user = `u${sent % 500}`;
      const tag = tags.get(user);
      const headers: Record<string, string> = tag === undefined ? {} : { 'if-none-match': tag };
      running.push(
        ask(url, user, headers).then(
          ({ ms, status }) => {
            times.push(ms);
            statuses[status] = (statuses[status] ?? 0) + 1;
          },
          () => {
            failed += 1;
          },
        ),
      );
    }
    await Promise.all(running);
    return { times, failed, statuses };
  },
});
