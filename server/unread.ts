import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Failure } from '../plans/failures.ts';
import { problemOf } from './problem.ts';

/** The address and the headers of a request together, in bytes: a refused parameter is to be told as one. */
export const LARGEST_HEAD = 64 * 1024;

const KNOWN: Readonly<Record<string, readonly [status: number, what: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    `The address and the headers of the request are more than ${LARGEST_HEAD / 1024} kB.`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request had not come to its end in time.'],
};

/** Answers what never became a request, and so reaches no route: problem details too, and the connection ends. */
export function answerUnread({ code = '' }: Error & { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, what] = KNOWN[code] ?? [400, 'This is no HTTP request.'];
  const body = JSON.stringify({ ...problemOf(new Failure('USAGE', what)), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
